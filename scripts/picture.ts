/**
 * `node scripts/run.mjs scripts/picture.ts`: records `npm run quickstart` in a real terminal, and draws what stays
 * on the screen as docs/quickstart.svg. Needs `script` of util-linux, which gives the command its terminal.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { play } from './picture/screen.ts';
import { renderWindow } from './picture/svg.ts';
import { ROOT, run } from './steps.ts';

const COLUMNS = 106;
const COMMAND = 'npm run --silent quickstart';

const recording = join(tmpdir(), `gofr-backup-${process.pid}.typescript`);
const typed = `stty cols ${COLUMNS} rows 50; printf '$ npm run quickstart\\n'; ${COMMAND}`;
const ended = await run('script', ['-qefc', typed, recording], {
  env: { ...process.env, TERM: 'xterm-256color' },
});
const output = readFileSync(recording, 'utf8')
  .replace(/^Script started.*\n/, '')
  .replace(/\nScript done[\s\S]*$/, '');
rmSync(recording);
if (ended.code !== 0) {
  console.error(output);
  console.error('The run failed, so there is nothing worth a picture.');
  process.exit(1);
}
// where this checkout lies is nobody's business
const anonymous = output.replaceAll(ROOT, '~/gofr-backup');
writeFileSync(
  join(ROOT, 'docs/quickstart.svg'),
  renderWindow(play(anonymous, COLUMNS), COLUMNS, 'npm run quickstart'),
);
console.log('docs/quickstart.svg written');
