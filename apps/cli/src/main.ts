/** The process entry. Loads nothing it does not need: completion and --version must answer at once. */
import { VERSION } from './version.ts';

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else {
  const { runProgram } = await import('./program.ts');
  const code = await runProgram(argv);
  // when all is written, not when the last idle timer of a library has run out
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}
