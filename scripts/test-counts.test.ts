import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ROOT, run } from './steps.ts';
import type { TestCounts } from './test-counts.ts';

// below the root, because vitest must be found from there
const tree = mkdtempSync(join(ROOT, 'node_modules/.cache/counts-'));
afterAll(() => rmSync(tree, { recursive: true }));

test('counts what passed, failed, was skipped, and what never came to be a test', async () => {
  const files: Record<string, string> = {
    'good.test.ts': `test('a', () => {}); test('b', () => {}); test.skip('c', () => {});`,
    'bad.test.ts': `test('d', () => { throw new Error('d'); });`,
    'unloadable.test.ts': `throw new Error('e');`,
    'hook.test.ts': `afterAll(() => { throw new Error('f'); }); test('g', () => {});`,
    'rejection.test.ts': `test('h', () => { void Promise.reject(new Error('i')); });`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(
      join(tree, name),
      `import { afterAll, test } from 'vitest';\nvoid afterAll, test;\n${text}\n`,
    );
  }
  writeFileSync(join(tree, 'vitest.config.ts'), 'export default {};');
  const file = join(tree, 'counts.json');
  const { code } = await run(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      `--reporter=${join(ROOT, 'scripts/test-counts.ts')}`,
    ],
    { cwd: tree, env: { ...process.env, TEST_COUNTS_FILE: file } },
  );
  const counts = JSON.parse(readFileSync(file, 'utf8')) as TestCounts;
  expect(code).not.toBe(0);
  expect(counts).toMatchObject({ passed: 4, skipped: 1, failed: 4 });
  expect(counts.failures.toSorted((a, b) => a.localeCompare(b))).toEqual([
    'bad.test.ts > d',
    'hook.test.ts',
    'unhandled: i',
    'unloadable.test.ts',
  ]);
});
