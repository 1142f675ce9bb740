/**
 * An archive with an index of version 1, as the program wrote both before version 2: in these files, a tree of every kind of
 * entry. It is listed, verified, restored and reused by its index.
 */
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { archive, HOURS_LATER, inside, previousOf, tarStream } from '../../write/create.fixture.ts';
import { collect, extractTo, listOf, opened, testPorts } from '../../read/reading.fixture.ts';
import { loadIndex } from '../whole-index.ts';

const archivePath = join(import.meta.dirname, 'tree.tar.gz');
const indexPath = `${archivePath}.idx`;
const SHA256 = '6bd3ba4987c10dc5347c69edcfe2e1c545dc2358c0cd7cfa3a1cde1e7a45f3c3';
const LONG = `storage/dir/${'n'.repeat(120)}`;
const FIRST = 'the first\n'.repeat(300);

test('it is of version 1', () => {
  expect(readFileSync(indexPath).toString('latin1', 0, 8)).toBe('gofridx1');
});

test('lists the entries', async () => {
  await using reader = await opened({ archivePath, indexPath });
  expect(reader.indexed).toBe(true);
  const entries = await listOf(reader.entries());
  expect(entries.map(({ path, type, size, mode }) => [path, type, size, mode.toString(8)])).toEqual([
    ['storage', 'directory', 0, '755'],
    ['storage/a.txt', 'file', 3000, '640'],
    ['storage/bad-\xff', 'file', 8, '644'],
    ['storage/dir', 'directory', 0, '2750'],
    ['storage/dir/b.txt', 'hardlink', 0, '640'],
    [LONG, 'directory', 0, '755'],
    [`${LONG}/${'m'.repeat(60)}`, 'file', 11, '644'],
    ['storage/empty', 'file', 0, '644'],
    ['storage/holes', 'file', 300_000, '644'],
    ['storage/link', 'symlink', 0, '777'],
    ['storage/old', 'file', 7, '644'],
  ]);
  expect(entries[1]).toMatchObject({ mtimeNs: 1_700_000_000_250_000_000n, uid: 0, gid: 0 });
  expect(entries.filter(({ xattrs }) => xattrs !== undefined)).toEqual([]);
  expect((await collect(reader.content('storage/dir/b.txt'))).toString()).toBe(FIRST);
});

test('verifies', async () => {
  await using reader = await opened({ archivePath, indexPath });
  const report = await reader.verify(testPorts(), SHA256);
  expect(report).toMatchObject({ ok: true, problems: [], files: 8 });
  expect(report).not.toHaveProperty('indexProblem');
});

test('is restored', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  expect(await extractTo(archivePath, at('out'), { indexPath })).toMatchObject({ files: 8 });
  expect(readFileSync(at('out/storage/dir/b.txt'), 'utf8')).toBe(FIRST);
  expect(lstatSync(at('out/storage/dir/b.txt')).ino).toBe(lstatSync(at('out/storage/a.txt')).ino);
  expect(readlinkSync(at('out/storage/link'))).toBe('dir/b.txt');
  const { size, mtimeMs } = lstatSync(at('out/storage/holes'));
  expect([size, mtimeMs]).toEqual([300_000, 1_700_000_000_250]);
});

test('is reused, and the next index is of the latest version', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await extractTo(archivePath, at('out'), { indexPath });
  const next = { clock: HOURS_LATER, previous: previousOf(archivePath, SHA256) };
  const made = await archive(at('out/storage'), at('next'), next);
  expect(made.reusedBytes).toBeGreaterThan(0);
  expect(tarStream(at('next'), 'gzip')).toEqual(tarStream(archivePath, 'gzip'));
  expect(readFileSync(at('next.idx')).toString('latin1', 0, 8)).toBe('gofridx2');
  const paths = async (index: string) => [...(await loadIndex(index)).entries()].map(({ path }) => path);
  expect(await paths(at('next.idx'))).toEqual(await paths(indexPath));
});
