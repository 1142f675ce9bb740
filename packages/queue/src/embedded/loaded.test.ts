import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Whether a new process that imports it loads a client of Redis. */
function loadsClient(name: string): boolean {
  const script = `const { registerHooks } = await import('node:module');
    registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
    await import('${name}');`;
  const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
  const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], options);
  return /\/(ioredis|bullmq)\//.test(loaded);
}

test('that there is no queue, and what past jobs did, is told without a client of Redis', () => {
  expect(loadsClient('./index.ts')).toBe(false);
  expect(loadsClient('../jobs/index.ts')).toBe(false);
  expect(loadsClient('../past-jobs.ts')).toBe(false);
  expect(loadsClient('../index.ts')).toBe(true);
});
