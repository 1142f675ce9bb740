import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** The URLs of all modules that a new process loads for `name`. */
const loadedFor = (name: string): string[] => {
  const script = `const { registerHooks } = await import('node:module');
    registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
    await import('${name}');`;
  const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], options).split('\n');
};

test('the nouns alone do not load zod, which every thread would wait for', () => {
  const isZod = (url: string): boolean => url.includes('/zod/');
  expect(loadedFor('./index.ts').filter(isZod)).toEqual([]);
  expect(loadedFor('./schemas.ts').filter(isZod)).not.toEqual([]);
});
