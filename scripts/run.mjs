/**
 * `node scripts/run.mjs script.ts [arguments]`: runs a script of the project on the project's Node,
 * after the set-up when something of it is missing. Plain JavaScript: it may itself run on Node 20.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { isSetUp, projectNode, ROOT, setUpOrExit } from './setup.mjs';

const [script, ...args] = process.argv.slice(2);
if (!script) {
  process.stderr.write('usage: node scripts/run.mjs script.ts [arguments]\n');
  process.exit(2);
}
if (!isSetUp()) await setUpOrExit();

const path = [join(ROOT, 'node_modules/.bin'), process.env.PATH].filter(Boolean).join(delimiter);
const child = spawn(projectNode(), [join(ROOT, script), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: path },
});
// A terminal sends Ctrl-C to both processes; only what was sent to this one alone is passed on.
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`${script} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
