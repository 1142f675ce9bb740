import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differences, digestTree } from './tree-digest.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'digest-'));
  mkdirSync(join(root, 'a/folder'), { recursive: true });
  writeFileSync(join(root, 'a/folder/file'), 'text');
  symlinkSync('folder/file', join(root, 'a/link'));
  cpSync(join(root, 'a'), join(root, 'b'), {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
});
afterEach(() => rmSync(root, { recursive: true }));

test('names are bytes', async () => {
  writeFileSync(Buffer.concat([Buffer.from(join(root, 'a/')), Buffer.from([0xff, 0x0a])]), '');
  expect(differences(await digestTree(join(root, 'a')), await digestTree(join(root, 'b')))).toEqual([
    { path: '\xff\n', what: 'missing' },
  ]);
});

const file = () => join(root, 'b/folder/file');
const link = () => join(root, 'b/link');

test('a true copy does not differ', async () => {
  expect(differences(await digestTree(join(root, 'a')), await digestTree(join(root, 'b')))).toEqual([]);
});

test.each<[string, string, () => void]>([
  ['missing', 'folder/file', () => rmSync(file())],
  ['unwanted', 'new', () => writeFileSync(join(root, 'b/new'), '')],
  ['other content', 'folder/file', () => writeFileSync(file(), 'Text')],
  ['other content', 'link', () => (rmSync(link()), symlinkSync('elsewhere', link()))],
  ['other mode', 'folder/file', () => chmodSync(file(), 0o600)],
  ['other time', 'folder/file', () => utimesSync(file(), 1, 1)],
  ['a directory instead of a link', 'link', () => (rmSync(link()), mkdirSync(link()))],
])('%s: %s', async (what, path, spoil) => {
  spoil();
  expect(differences(await digestTree(join(root, 'a')), await digestTree(join(root, 'b')))).toContainEqual({
    path,
    what,
  });
});
