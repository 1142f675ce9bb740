import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { codeOf, errnoOf, ignoring, isErrno } from './errno.ts';

const absent = () => readFile('/no/such/file');

test('a code is read of errors alone', async () => {
  const error: unknown = await absent().catch((thrown: unknown) => thrown);
  expect([codeOf(error), errnoOf(error)]).toEqual(['ENOENT', 'ENOENT']);
  expect([codeOf({ code: 'ENOENT' }), codeOf(undefined), codeOf(new Error('why'))]).toEqual(
    Array(3).fill(undefined),
  );
  expect(errnoOf(new Error('why'))).toBe('Error: why');
  expect([isErrno(error, 'EIO', 'ENOENT'), isErrno(error, 'EIO'), isErrno(new Error('why'))]).toEqual([
    true,
    false,
    false,
  ]);
});

test('what is not ignored is thrown on', async () => {
  expect(await absent().catch(ignoring('EIO', 'ENOENT'))).toBeUndefined();
  await expect(absent().catch(ignoring('EIO'))).rejects.toMatchObject({ code: 'ENOENT' });
});
