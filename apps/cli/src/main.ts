/** The process entry. Loads nothing it does not need: completion and --version must answer at once. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { lostOutput, watchOutput } from './output-lost.ts';
import { VERSION_TEXT } from '@gofr-backup/model/version';

watchOutput();
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${VERSION_TEXT}\n`);
} else {
  // a checkout starts in half the time; where nothing may be written, as in the image, this does nothing
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)));
  // buffers that are fetched or sealed count as heap, and V8 would mark all of it for every few MB of them
  setFlagsFromString('--heap-growing-percent=100');
  const { runProgram } = await import('./program.ts');
  const { givenArguments } = await import('./given-arguments.ts');
  const code = await runProgram(givenArguments(argv));
  // when all is written, not when the last idle timer of a library has run out
  // a write that failed is told of in the turn after
  const end = () => setImmediate(() => process.exit(lostOutput() ?? code));
  process.stdout.write('', () => process.stderr.write('', end));
}
