import { rmSync, symlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf, toBytePath } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { entriesBelow } from './entries-below.ts';

const NOT_UTF8 = '\xff\xe9';

test('names of any bytes are found, level by level, and no link is followed', async () => {
  await using place = await temporaryDirectory();
  const at = (path: string): Buffer => bytesOf(`${place.path}/${path}`);
  await mkdir(at(`${NOT_UTF8}/${NOT_UTF8}`), { recursive: true });
  await writeFile(at(`${NOT_UTF8}/${NOT_UTF8}/f`), '');
  await writeFile(at('f'), '');
  symlinkSync(place.path, join(place.path, 'link'));
  const found: string[] = [];
  for await (const { path } of entriesBelow(toBytePath(place.path)))
    found.push(path.slice(place.path.length + 1));
  expect(found.toSorted()).toEqual(
    ['f', 'link', NOT_UTF8, `${NOT_UTF8}/${NOT_UTF8}`, `${NOT_UTF8}/${NOT_UTF8}/f`].toSorted(),
  );
});

test('a directory that vanishes meanwhile is passed over, a start that is not there is not', async () => {
  await using place = await temporaryDirectory();
  for (const name of ['one', 'two']) await mkdir(join(place.path, name, 'deep'), { recursive: true });
  const found: string[] = [];
  for await (const { name, path } of entriesBelow(place.path)) {
    found.push(name);
    if (name === 'deep') rmSync(path, { recursive: true });
    if (found.length === 2) rmSync(join(place.path, 'two'), { recursive: true });
  }
  expect(found.toSorted()).toEqual(['deep', 'one', 'two']);
  await expect(entriesBelow(join(place.path, 'none')).next()).rejects.toThrow('ENOENT');
});
