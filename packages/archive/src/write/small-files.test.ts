/**
 * Frames of many small files, of which some change: what has not changed is taken from the archive before, and no archive
 * shows it.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory, tries } from '@gofr-backup/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noise } from '../codec/mixed-bytes.fixture.ts';
import { opened, testPorts } from '../read/reading.fixture.ts';
import { archive, HOURS_LATER, inside, previousOf, sha256, tarStream } from './create.fixture.ts';
import { loadIndex } from '../index/whole-index.ts';

const next = noise(1);
const words = Array.from({ length: 300 }, () => Math.floor(next() * 1e9).toString(36));
const text = (size: number): string => {
  let all = '';
  while (all.length < size) all += `${words[Math.floor(next() ** 2 * words.length)]} `;
  return all.slice(0, size);
};
/** Some are empty, some are pictures, some names need headers of their own. */
function grow(root: string): void {
  for (const folder of ['top/a', 'top/b', 'top/c/d']) {
    mkdirSync(join(root, folder), { recursive: true });
    for (let n = 0; n < 60; n++) {
      const name = n % 20 === 3 ? `${'long-'.repeat(30)}${n}` : `file-${n}.txt`;
      const content =
        n % 15 === 4
          ? Buffer.from(Array.from({ length: 9000 }, () => next() * 256))
          : text(next() ** 3 * 9000);
      writeFileSync(join(root, folder, name), content);
      utimesSync(join(root, folder, name), 1_700_000_000, 1_700_000_000 + n + (n % 2 ? 0.123 : 0));
    }
  }
}

type Change = (root: string, path: string, salt: number) => void;
const CHANGES: Record<string, Change> = {
  'chmod of all': (root) => void execFileSync('chmod', ['-R', 'g+w', root]),
  'chmod back': (root) => void execFileSync('chmod', ['-R', 'g-w', root]),
  chmod: (_, path, salt) => chmodSync(path, 0o600 + (salt % 64)),
  chown: (_, path, salt) =>
    chownSync(path, process.getuid!(), process.getgid!() + (process.getuid!() === 0 ? salt : 0)),
  touch: (_, path, salt) => utimesSync(path, salt, salt + 0.5),
  'touch to a whole second': (_, path, salt) => utimesSync(path, salt, salt),
  rewrite: (_, path, salt) => writeFileSync(path, text(salt * 10)),
  append: (_, path, salt) => appendFileSync(path, text(salt)),
  'change the beginning': (_, path) => writeFileSync(path, `x${readFileSync(path, 'latin1').slice(1)}`),
  'change the end': (_, path) => writeFileSync(path, `${readFileSync(path, 'latin1').slice(0, -1)}x`),
  insert: (_, path, salt) => writeFileSync(`${path}-${salt}`, text(salt * 5)),
  remove: (_, path) => rmSync(path),
  rename: (_, path, salt) => renameSync(path, `${path}.${salt}`),
  'make a link': (_, path, salt) => symlinkSync('file-1.txt', `${path}.link${salt}`),
  'hard link': (_, path, salt) => void execFileSync('ln', [path, `${path}.hard${salt}`]),
  'rename a directory': (root, _, salt) => {
    const top = readdirSync(root)[0]!;
    const folder = readdirSync(join(root, top))[salt % 3]!;
    renameSync(join(root, top, folder), join(root, top, `${folder}${salt % 10}`));
  },
  'rename the top': (root, _, salt) => renameSync(join(root, readdirSync(root)[0]!), join(root, `t${salt}`)),
};

const change = fc.record({
  kind: fc.constantFrom(...Object.keys(CHANGES)),
  file: fc.nat(1000),
  salt: fc.integer({ min: 1, max: 900 }),
});

function filesOf(root: string): string[] {
  const all = readdirSync(root, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
}

function apply(root: string, { kind, file, salt }: { kind: string; file: number; salt: number }): void {
  const files = filesOf(root);
  if (files.length > 0) CHANGES[kind]!(root, files[file % files.length]!, salt);
}

test('whatever changes between runs, the archive is that of a first run', { timeout: 600_000 }, async () => {
  const rounds = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(rounds, async (all) => {
      await using place = await temporaryDirectory();
      const dir = inside(place.path);
      grow(dir('source'));
      await archive(dir('source'), dir('0'), { clock: HOURS_LATER });
      for (const [n, changes] of all.entries()) {
        for (const one of changes) apply(dir('source'), one);
        await archive(dir('source'), dir(`${n + 1}`), {
          clock: HOURS_LATER,
          previous: previousOf(dir(`${n}`)),
        });
        await archive(dir('source'), dir('scratch'));
        expect(sha256(tarStream(dir(`${n + 1}`), 'gzip'))).toBe(sha256(tarStream(dir('scratch'), 'gzip')));
        expect(await entriesIn(dir(`${n + 1}`))).toEqual(await entriesIn(dir('scratch')));
        await verifies(dir(`${n + 1}`));
        rmSync(dir('scratch'));
        rmSync(dir('scratch.idx'));
      }
    }),
    { numRuns: tries(6, 10) },
  );
});

test.each(['chmod of all', 'rename the top'])('%s: the archive is not larger', async (kind) => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  grow(dir('source'));
  await archive(dir('source'), dir('1'), { clock: HOURS_LATER });
  CHANGES[kind]!(dir('source'), '', 1);
  await archive(dir('source'), dir('2'), { clock: HOURS_LATER, previous: previousOf(dir('1')) });
  expect(statSync(dir('2')).size).toBeLessThan(statSync(dir('1')).size * 1.005);
});

test('a damaged archive before: what would have been kept is read', async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  grow(dir('source'));
  await archive(dir('source'), dir('1'), { clock: HOURS_LATER });
  const damaged = readFileSync(dir('1'));
  for (let at = 5000; at < damaged.length; at += 20_000) damaged[at]! ^= 0x10;
  writeFileSync(dir('1'), damaged);
  for (const path of filesOf(dir('source')).filter((_, n) => n % 30 === 7)) appendFileSync(path, 'more');
  await archive(dir('source'), dir('2'), { clock: HOURS_LATER, previous: previousOf(dir('1')) });
  await archive(dir('source'), dir('scratch'));
  expect(sha256(tarStream(dir('2'), 'gzip'))).toBe(sha256(tarStream(dir('scratch'), 'gzip')));
  await verifies(dir('2'));
});

async function verifies(archivePath: string): Promise<void> {
  await using reader = await opened({ archivePath, indexPath: `${archivePath}.idx` });
  expect(reader.indexed).toBe(true);
  expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
}

async function entriesIn(path: string): Promise<unknown[]> {
  const index = await loadIndex(`${path}.idx`);
  return Array.from(index.entries(), ({ frame: _, headerOffset: __, dataOffset: ___, ...entry }) => entry);
}
