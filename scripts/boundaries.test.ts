import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT, run } from './steps.ts';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'boundaries-'));
});
afterEach(() => rmSync(tree, { recursive: true }));

async function judge(path: string, text: string) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
  return run(process.execPath, [join(ROOT, 'scripts/boundaries.ts'), tree]);
}

test.each([
  ['packages/core/src/a.ts', `import { x } from '@gofr-backup/queue';`],
  ['packages/queue/src/a.ts', `import type { Settings } from '@gofr-backup/config';`],
  ['packages/config/src/a.ts', `export { x } from '@gofr-backup/queue';`],
  ['apps/worker/src/a.ts', `const x = await import('@gofr-backup/scheduler');`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/dashboard';`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/testing';`],
  ['apps/cli/src/a.ts', `import { x } from '@gofr-backup/core/src/clock.ts';`],
  ['apps/cli/src/a.ts', `import { x } from '../../worker/src/index.ts';`],
  ['apps/cli/src/a.ts', `import { x } from './b';`],
  ['packages/archive/src/a.ts', `import { x } from '@gofr-backup/core';`],
  ['packages/core/src/repository/a.ts', `import {\n  x,\n} from '../operations/backup.ts';`],
  ['packages/core/src/retention/a.ts', `import { readFileSync } from 'node:fs';`],
  ['packages/core/src/a.ts', `const x = process.env['HOME'];`],
  ['packages/core/src/a.ts', `const x = Date.now();`],
  ['packages/core/src/a.ts', `const x = new Date( );`],
  ['apps/worker/src/a.ts', `const x = performance.now();`],
  ['apps/worker/src/a.ts', `console.log('x');`],
])('%s may not say %s', async (path, text) => {
  const { code, output } = await judge(path, text);
  expect(output).toContain(path);
  expect(code).toBe(1);
});

test.each([
  ['packages/model/src/clock.ts', `export const now = () => Date.now();`],
  [
    'packages/core/src/retention/a.ts',
    `import type { Tier } from '@gofr-backup/model';\nimport { DateTime } from 'luxon';`,
  ],
  ['packages/config/src/load.ts', `export const load = (env = process.env) => env;`],
  [
    'packages/core/src/operations/a.ts',
    `import { x } from '../repository/index.ts';\nconst y = new Date(5);`,
  ],
  [
    'apps/cli/src/commands/serve.ts',
    `const { start } = await import('@gofr-backup/worker');\nconsole.log(start);`,
  ],
  ['apps/worker/src/a.ts', `// console.log and Date.now() are for others\n/* process.env too */`],
  ['apps/worker/src/a.test.ts', `import { x } from '@gofr-backup/testing';\nconst y = Date.now();`],
])('%s may say %s', async (path, text) => {
  expect(await judge(path, text)).toMatchObject({ code: 0, output: '' });
});
