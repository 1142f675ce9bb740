/** Reuse must not be seen: an archive made with it holds what one made from scratch holds, whatever happened in between. */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Compression, COMPRESSIONS } from '@gofr-backup/model';
import { temporaryDirectory, tries } from '@gofr-backup/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { archive, HOURS_LATER, inside, previousOf, sha256, tarStream } from './create.fixture.ts';
import { loadIndex } from '../index/whole-index.ts';

const NAMES = ['a', 'a.b', 'b', 'd/one', 'd/two', 'd/e/three', 'd/e/four', 'f', 'big.log', 'z'];

/** What may happen to a tree between two backups. Each does nothing where it does not apply. */
const MUTATIONS: Record<string, (root: string, name: string, other: string, salt: number) => void> = {
  append: (root, name, _, salt) => appendFileSync(at(root, name), `more ${salt}\n`),
  'change the content, keep the size and set the mtime back': (root, name, _, salt) => {
    const path = at(root, name);
    const { size, atime, mtime } = statSync(path);
    writeFileSync(path, Buffer.alloc(size, `other ${salt}`));
    utimesSync(path, atime, mtime);
  },
  rename: (root, name, other) =>
    void (existsSync(at(root, other)) || renameSync(at(root, name), at(root, other))),
  'make a hard link': (root, name, other) =>
    void (existsSync(at(root, other)) || linkSync(at(root, name), at(root, other))),
  'break a hard link': (root, name) => {
    const path = at(root, name);
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
  },
  'remove and make anew, perhaps with the same inode': (root, name, _, salt) => {
    unlinkSync(at(root, name));
    writeFileSync(at(root, name), `new ${salt}`);
  },
  'replace by a directory': (root, name) => {
    unlinkSync(at(root, name));
    mkdirSync(join(at(root, name), 'inner'), { recursive: true });
    writeFileSync(join(at(root, name), 'inner/file'), 'was a file');
  },
  'replace by a symlink': (root, name, other) => {
    unlinkSync(at(root, name));
    symlinkSync(other, at(root, name));
  },
  remove: (root, name) => rmSync(at(root, name), { recursive: true }),
  chmod: (root, name, _, salt) => chmodSync(at(root, name), salt % 2 === 0 ? 0o640 : 0o600),
  touch: (root, name, _, salt) => utimesSync(at(root, name), salt, salt + 0.25),
  'cut short': (root, name) => writeFileSync(at(root, name), ''),
  'grow past a slice': (root, name, _, salt) =>
    writeFileSync(at(root, name), Buffer.alloc(2_200_000 + salt, `line ${salt}\n`)),
};

const mutation = fc.record({
  kind: fc.constantFrom(...Object.keys(MUTATIONS)),
  name: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
  salt: fc.nat(1000),
});

test('random changes between three runs, with and without reuse', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(mutation, { maxLength: 5 }), { minLength: 2, maxLength: 2 }),
      fc.constantFrom<Compression>('zstd', 'zstd', 'none', 'gzip'),
      fc.boolean(),
      async (rounds, codec, linkUnchanged) => {
        await using place = await temporaryDirectory();
        const dir = inside(place.path);
        const root = dir('source');
        grow(root);
        await archive(root, dir('0'), { codec, clock: HOURS_LATER });
        for (const [n, mutations] of rounds.entries()) {
          for (const { kind, name, other, salt } of mutations)
            attempt(() => MUTATIONS[kind]!(root, name, other, salt));
          const reusing = { codec, linkUnchanged, clock: HOURS_LATER, previous: previousOf(dir(`${n}`)) };
          await archive(root, dir(`${n + 1}`), reusing);
          await archive(root, dir('scratch'), { codec });
          const [reused, scratch] = [`${n + 1}`, 'scratch'].map((name) => tarStream(dir(name), codec));
          expect(sha256(reused!)).toBe(sha256(scratch!));
          expect(await entriesIn(dir(`${n + 1}`))).toEqual(await entriesIn(dir('scratch')));
          rmSync(dir('scratch'));
          rmSync(dir('scratch.idx'));
        }
      },
    ),
    { numRuns: tries(5, 12) },
  );
});

describe('nothing changed', () => {
  for (const codec of COMPRESSIONS) {
    test(`${codec}: every frame is copied, or the archive is linked`, async () => {
      await using place = await temporaryDirectory();
      const dir = inside(place.path);
      grow(dir('source'));
      const first = await archive(dir('source'), dir('1'), { codec, clock: HOURS_LATER });
      const previous = previousOf(dir('1'), first.sha256);
      const copied = await archive(dir('source'), dir('2'), { codec, previous });
      const linked = await archive(dir('source'), dir('3'), { codec, previous, linkUnchanged: true });
      expect(copied).toMatchObject({ sha256: first.sha256, linked: false });
      expect(copied.reusedBytes).toBeGreaterThan(copied.sizeBytes * 0.9);
      expect(linked).toMatchObject({
        sha256: first.sha256,
        linked: true,
        files: first.files,
        sizeBytes: first.sizeBytes,
      });
      expect(statSync(dir('3')).ino).toBe(statSync(dir('1')).ino);
      expect(statSync(dir('3.idx')).ino).toBe(statSync(dir('1.idx')).ino);
    });
  }
});

test.each(COMPRESSIONS.filter((codec) => codec !== 'none'))(
  'with %s, frames are copied where only times have changed that no archive holds',
  async (codec) => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    mkdirSync(at('source'));
    for (let n = 0; n < 30; n++) writeFileSync(at(`source/${n}`), `file ${n} `.repeat(2000));
    await archive(at('source'), at('one'), { codec, clock: HOURS_LATER });
    chmodSync(at('source/7'), 0o600);
    chmodSync(at('source/7'), 0o644);
    // as after a restore: another inode
    execFileSync('cp', ['-p', at('source/20'), at('copy')]);
    execFileSync('touch', ['-r', at('source'), at('reference')]);
    renameSync(at('copy'), at('source/20'));
    execFileSync('touch', ['-r', at('reference'), at('source')]);
    const { reusedBytes } = await archive(at('source'), at('two'), {
      codec,
      previous: previousOf(at('one')),
    });
    expect(readFileSync(at('two')).equals(readFileSync(at('one')))).toBe(true);
    expect(reusedBytes).toBeGreaterThan(0.9 * statSync(at('two')).size);
    const inodeIn = async (name: string) =>
      [...(await loadIndex(at(`${name}.idx`))).entries()].find(({ path }) => path.endsWith('/20'))!.ino;
    expect(await inodeIn('two')).not.toBe(await inodeIn('one'));
  },
);

test('another codec or level, or a wrong checksum: nothing is reused', async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  grow(dir('source'));
  await archive(dir('source'), dir('1'), { clock: HOURS_LATER });
  const other = { clock: HOURS_LATER, previous: previousOf(dir('1')) };
  expect((await archive(dir('source'), dir('2'), { ...other, codec: 'zstd' })).reusedBytes).toBe(0);
  const wrong = previousOf(dir('1'), '0'.repeat(64));
  expect((await archive(dir('source'), dir('3'), { ...other, previous: wrong })).reusedBytes).toBe(0);
});

test('a file whose ctime is not older than the walk is racy: read again', async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  mkdirSync(dir('source'));
  writeFileSync(dir('source/a'), 'written a moment ago');
  const { ctimeMs } = lstatSync(dir('source/a'));
  const before = { now: () => ctimeMs - 1, monotonic: () => performance.now() };
  await archive(dir('source'), dir('1'), { clock: before });
  const again = await archive(dir('source'), dir('2'), {
    previous: previousOf(dir('1')),
    linkUnchanged: true,
  });
  expect(again).toMatchObject({ linked: false });
});

describe('a damaged previous archive costs speed only', () => {
  const damages: Record<string, (path: string) => void> = {
    'a byte of a frame': (path) => flip(path, 700),
    'a byte in the middle': (path) => flip(path, Math.floor(statSync(path).size / 2)),
    'bytes everywhere': (path) => writeFileSync(path, Buffer.alloc(statSync(path).size, 'x')),
    'cut short': (path) => writeFileSync(path, readFileSync(path).subarray(0, 1000)),
    gone: (path) => rmSync(path),
    'index gone': (path) => rmSync(`${path}.idx`),
    'index cut short': (path) => writeFileSync(`${path}.idx`, readFileSync(`${path}.idx`).subarray(0, -9)),
    'index damaged': (path) => flip(`${path}.idx`, 40),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(name, async () => {
      await using place = await temporaryDirectory();
      const dir = inside(place.path);
      grow(dir('source'));
      await archive(dir('source'), dir('1'), { codec: 'zstd', clock: HOURS_LATER });
      damage(dir('1'));
      // something new, so that all is copied and nothing linked
      writeFileSync(dir('source/zz'), 'new');
      const previous = previousOf(dir('1'));
      await archive(dir('source'), dir('2'), { codec: 'zstd', previous, linkUnchanged: true });
      await archive(dir('source'), dir('scratch'), { codec: 'none' });
      expect(sha256(tarStream(dir('2'), 'zstd'))).toBe(sha256(readFileSync(dir('scratch'))));
    });
  }
});

async function entriesIn(path: string): Promise<unknown[]> {
  const index = await loadIndex(`${path}.idx`);
  return [...index.entries()];
}

function grow(root: string): void {
  mkdirSync(join(root, 'd/e'), { recursive: true });
  for (const name of NAMES.slice(0, -2))
    writeFileSync(at(root, name), `content of ${name}\n`.repeat(3000 * name.length));
  linkSync(at(root, 'a'), at(root, 'y'));
  writeFileSync(at(root, 'big.log'), NOISE.subarray(0, 2_400_000));
}

const NOISE = noise(5_000_000);

/** No two slices of it are equal. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let n = 0; n < length; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[n] = 97 + ((state >>> 16) & 15);
  }
  return bytes;
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset]! ^= 0xff;
  writeFileSync(path, bytes);
}

function at(root: string, name: string): string {
  return join(root, name);
}

/** A change that does not apply (a directory in the way, nothing there) leaves things as they are. */
function attempt(change: () => void): void {
  try {
    change();
  } catch {}
}
