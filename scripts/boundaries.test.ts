import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, run } from './steps.ts';

const MAY_NOT: [path: string, text: string][] = [
  ['packages/model/src/a.ts', `import { x } from '@gofr-backup/posix';`],
  ['packages/posix/src/a.ts', `import { x } from '@gofr-backup/archive';`],
  ['packages/archive/src/a.ts', `import { x } from '@gofr-backup/core';`],
  ['packages/archive/src/codec/a.ts', `import { x } from '../tar/parser.ts';`],
  ['packages/archive/src/index/a.ts', `import type { X } from '../write/create.ts';`],
  ['packages/archive/src/source/tree/a.ts', `import { x } from '../../write/create.ts';`],
  ['packages/archive/src/source/sqlite/a.ts', `import { x } from '../../read/open.ts';`],
  ['packages/archive/src/write/a.ts', `import { x } from '../read/open.ts';`],
  ['packages/archive/src/extract/a.ts', `import { x } from '../index/file.ts';`],
  ['packages/archive/src/read/a.ts', `const x = await import('../write/create.ts');`],
  ['packages/store/src/a.ts', `import { x } from '@gofr-backup/archive';`],
  ['packages/core/src/a.ts', `import { x } from '@gofr-backup/queue';`],
  ['packages/core/src/repository/a.ts', `import {\n  x,\n} from '../operations/backup.ts';`],
  ['packages/core/src/repository/lock/a.ts', `import { x } from '../../operations/index.ts';`],
  ['packages/core/src/recovery/a.ts', `import { x } from '../repository/index.ts';`],
  ['packages/core/src/operations/a.ts', `import { x } from '../repository/lock/lock.ts';`],
  ['packages/core/src/operations/a.ts', `import { x } from '../repository/names.ts';`],
  ['packages/core/src/retention/a.ts', `import { readFileSync } from 'node:fs';`],
  ['packages/queue/src/a.ts', `import type { Settings } from '@gofr-backup/config';`],
  ['packages/config/src/a.ts', `export { x } from '@gofr-backup/queue';`],
  ['packages/notify/src/a.ts', `import { x } from '@gofr-backup/core';`],
  ['apps/worker/src/a.ts', `const x = await import('@gofr-backup/scheduler');`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/dashboard';`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/testing';`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/archive/testing';`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/core/src/clock.ts';`],
  ['apps/cli/src/a.ts', `import { x } from '../../worker/src/index.ts';`],
  ['packages/core/src/a.ts', `const x = Date.now();`],
  ['packages/core/src/a.ts', `const x = new Date( );`],
  ['apps/worker/src/a.ts', `const x = performance.now();`],
];

const MAY: [path: string, text: string][] = [
  ['apps/cli/src/a.ts', `const x = await import('@gofr-backup/queue/past-jobs');`],
  ['packages/model/src/clock.ts', `export const now = () => Date.now();`],
  [
    'packages/archive/src/extract/a.ts',
    `import { x } from '../tar/parser.ts';\nimport { y } from '../refusals.ts';`,
  ],
  ['packages/archive/src/source/tree/a.ts', `import type { X } from '../../types.ts';`],
  ['packages/archive/src/source/sqlite/a.ts', `import { x } from '../tree/walk.ts';`],
  [
    'packages/core/src/retention/a.ts',
    `import type { Tier } from '@gofr-backup/model';\nimport { DateTime } from 'luxon';`,
  ],
  ['packages/core/src/repository/lock/a.ts', `import { x } from '../atomic.ts';`],
  [
    'packages/core/src/operations/a.ts',
    `import { x } from '../repository/index.ts';\nimport { y } from './b.ts';\nconst z = new Date(5);`,
  ],
  [
    'apps/cli/src/commands/services/serve.ts',
    `const { start } = await import('@gofr-backup/worker');\nconsole.log(start);`,
  ],
  ['apps/worker/src/a.ts', `// console.log and Date.now() are for others\n/* process.env too */`],
  ['apps/worker/src/a.test.ts', `import { x } from '@gofr-backup/testing';\nconst y = Date.now();`],
];

const tree = mkdtempSync(join(tmpdir(), 'boundaries-'));
afterAll(() => rmSync(tree, { recursive: true }));
let findings: string[];

/** All cases are judged in one run, each in a file of its own. */
const fileOf = (path: string, name: string): string => path.replace('/a.', `/${name}.`);

function put(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

beforeAll(async () => {
  for (const [n, [path, text]] of MAY_NOT.entries()) put(fileOf(path, `no${n}`), text);
  for (const [n, [path, text]] of MAY.entries()) put(fileOf(path, `yes${n}`), text);
  for (let n = 0; n < 26; n++) put(`packages/store/src/large/s${n}.ts`, 'export {};');
  for (let n = 0; n < 25; n++) put(`packages/store/src/small/s${n}.ts`, 'export {};');
  put('packages/store/src/small/s.test.ts', 'export {};');
  put('packages/core/src/circle/one.ts', `import type { B } from './two.ts';\nexport type A = B[];`);
  put('packages/core/src/circle/two.ts', `import type { A } from './one.ts';\nexport type B = A | 1;`);
  const { output, code } = await run(process.execPath, [join(ROOT, 'scripts/boundaries.ts'), tree]);
  expect(code).toBe(1);
  findings = output.split('\n');
});

const about = (path: string): string[] => findings.filter((line) => line.startsWith(`${path}:`));

test.each(MAY_NOT.map(([path, text], n) => [path, text, `no${n}`]))('%s may not say %s', (path, _, name) => {
  expect(about(fileOf(path!, name!))).not.toEqual([]);
});

test.each(MAY.map(([path, text], n) => [path, text, `yes${n}`]))('%s may say %s', (path, _, name) => {
  expect(about(fileOf(path!, name!))).toEqual([]);
});

test('a folder of more than 25 sources is too large; tests are not counted', () => {
  expect(about('packages/store/src/large')).toEqual([expect.stringContaining('`26 sources`')]);
  expect(about('packages/store/src/small')).toEqual([]);
});

test('types count in a circle of imports', async () => {
  const lint = join(ROOT, 'node_modules/.bin/oxlint');
  const config = join(ROOT, '.oxlintrc.json');
  const { output } = await run(lint, ['-c', config, '--format=unix', 'packages/core/src/circle'], {
    cwd: tree,
  });
  expect(output).toMatch(/one\.ts.*no-cycle[^]*two\.ts.*no-cycle|two\.ts.*no-cycle[^]*one\.ts.*no-cycle/);
});
