/** Against the tools of others: setfattr, setfacl, stat, and the kernel itself. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMissing, racingProcess, temporaryDirectory } from '@gofr-backup/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectoryHandle } from '../directory-handle.ts';
import { nextData, nextHole } from './holes.ts';
import { lacking } from './lacking.ts';
import { nativeLibrary, withoutNative } from './library.ts';
import { openBeneath } from './open-beneath.ts';
import { setTimes, setTimesAt } from './times.ts';
import { readXattrs, removeXattr, writeXattr } from './xattrs.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string): string => join(place.path, name);
beforeEach(async () => void (place = await temporaryDirectory()));
afterEach(() => place[Symbol.asyncDispose]());

test('the library is there, and says nothing is lacking', async () => {
  expect(nativeLibrary()).toBeDefined();
  expect(lacking()).toEqual([]);
  expect(await withoutNative(() => lacking().length)).toBeGreaterThan(0);
});

test('freed memory goes back to the kernel', () => {
  const script = `
    const { giveBackFreedMemory } = await import(process.argv[1]);
    if (process.argv[2] === 'told') giveBackFreedMemory();
    const filled = (bytes) => Buffer.allocUnsafeSlow(bytes).fill(1);
    filled(24 << 20).buffer.transfer(0);
    const all = Array.from({ length: 400 }, () => filled(100_000));
    all.slice(0, -1).forEach(({ buffer }) => buffer.transfer(0));
    console.log(process.memoryUsage.rss());`;
  const residentWhen = (how: string): number =>
    Number(
      execFileSync(
        process.execPath,
        ['--input-type=module', '-e', script, new URL('memory.ts', import.meta.url).href, how],
        { encoding: 'utf8' },
      ),
    );
  expect(residentWhen('told')).toBeLessThan(residentWhen('not told') - (16 << 20));
});

describe('extended attributes', () => {
  test('random names and values come back, of files, directories and links', () => {
    writeFileSync(at('file'), '');
    mkdirSync(at('directory'));
    using directory = DirectoryHandle.open(place.path);
    const name = fc
      .string({ unit: fc.constantFrom('a', 'b', '.', ' ', '\xe9', '=', '\n'), minLength: 1, maxLength: 20 })
      .map((text) => `user.${text}`);
    const values = fc.dictionary(name, fc.uint8Array({ maxLength: 200 }), { maxKeys: 4 });
    fc.assert(
      fc.property(values, fc.constantFrom('file', 'directory'), fc.boolean(), (wanted, which, open) => {
        const fd = open ? openSync(at(which), 'r') : undefined;
        const where = fd ?? { directory: directory.fd, name: which };
        for (const [key, value] of Object.entries(wanted)) writeXattr(where, key, value);
        const found = Object.fromEntries(
          [...(readXattrs(where) ?? [])].map(([key, value]) => [key, new Uint8Array(value)]),
        );
        for (const key of Object.keys(found)) removeXattr(where, key);
        if (fd !== undefined) closeSync(fd);
        expect(found).toEqual(wanted);
        expect(readXattrs({ directory: directory.fd, name: which })).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  test.skipIf(isMissing('setfattr'))('what setfattr sets is read, a link is not followed', () => {
    writeFileSync(at('file'), '');
    execFileSync('setfattr', ['-n', 'user.tool', '-v', '0x00ff10', at('file')]);
    symlinkSync('file', at('link'));
    using directory = DirectoryHandle.open(place.path);
    expect(readXattrs({ directory: directory.fd, name: 'file' })).toEqual(
      new Map([['user.tool', Buffer.from([0, 255, 16])]]),
    );
    expect(readXattrs({ directory: directory.fd, name: 'link' })).toBeUndefined();
  });

  test('a file system without them has none; a name that is gone is an error', () => {
    const fd = openSync('/proc/self/status', 'r');
    expect(readXattrs(fd)).toBeUndefined();
    closeSync(fd);
    using directory = DirectoryHandle.open(place.path);
    expect(() => readXattrs({ directory: directory.fd, name: 'gone' })).toThrow('ENOENT');
  });
});

test('times to the nanosecond, of any year that the file system keeps', () => {
  writeFileSync(at('file'), '');
  symlinkSync('nowhere', at('link'));
  using directory = DirectoryHandle.open(place.path);
  const fd = openSync(at('file'), 'r');
  for (const time of [1n, 1_700_000_000_123_456_789n, -1n, -5_000_000_001n, 10_413_792_000_999_999_999n]) {
    setTimes(fd, undefined, time);
    setTimesAt(directory.fd, 'link', time);
    for (const name of ['file', 'link']) expect(lstatSync(at(name), { bigint: true }).mtimeNs).toBe(time);
  }
  closeSync(fd);
});

test('holes are found; the library missing, everything is data', async () => {
  const fd = openSync(at('sparse'), 'w+');
  ftruncateSync(fd, 10 << 20);
  writeSync(fd, 'data', 4 << 20);
  expect(nextData(fd, 0)).toBe(4 << 20);
  expect(nextHole(fd, 4 << 20)).toBe((4 << 20) + 4096);
  expect(nextData(fd, (4 << 20) + 4096)).toBeUndefined();
  expect(nextHole(fd, 10 << 20)).toBeUndefined();
  await withoutNative(() => {
    expect(nextData(fd, 5)).toBe(5);
    expect(nextHole(fd, 5)).toBe(Infinity);
  });
  closeSync(fd);
});

describe.each([
  ['openat2', <T>(run: () => T) => run()],
  ['one name at a time', <T>(run: () => T) => withoutNative(run)],
] as const)('opening beneath a directory: %s', (_, using_) => {
  const read = (directory: number, path: string): string => {
    const fd = openBeneath(directory, path, constants.O_RDONLY);
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  };

  test('files below are opened; a link at any step, .. and absolute paths are not', async () => {
    mkdirSync(at('a/b'), { recursive: true });
    writeFileSync(at('a/b/f'), 'inside');
    symlinkSync('b', at('a/link'));
    symlinkSync('f', at('a/b/l'));
    using directory = DirectoryHandle.open(at('a'));
    await using_(() => {
      expect(read(directory.fd, 'b/f')).toBe('inside');
      for (const path of ['link/f', 'b/l', '../a/b/f', 'b/../../a/b/f', `${place.path}/a/b/f`])
        expect(() => read(directory.fd, path), path).toThrow();
    });
  });

  test('a path longer than the kernel takes', async () => {
    const name = 'n'.repeat(250);
    const deep = Array.from({ length: 24 }, () => name);
    let within = DirectoryHandle.open(place.path);
    for (const one of deep) {
      mkdirSync(within.at(one));
      const next = within.openDirectory(one);
      within.close();
      within = next;
    }
    writeFileSync(within.at('f'), 'deep');
    within.close();
    using directory = DirectoryHandle.open(place.path);
    await using_(() => expect(read(directory.fd, [...deep, 'f'].join('/'))).toBe('deep'));
    execFileSync('rm', ['-rf', at(name)]);
  });

  test('nothing outside is opened while directories are exchanged for links', async () => {
    for (const name of ['inside/d', 'outside']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('inside/d/f'), 'inside');
    writeFileSync(at('outside/f'), 'outside');
    symlinkSync(at('outside'), at('link'));
    using directory = DirectoryHandle.open(at('inside'));
    const seen = new Set<string>();
    const isRace = (): boolean =>
      ['inside', 'by path: inside', 'by path: outside'].every((one) => seen.has(one)) &&
      (seen.has('ELOOP') || seen.has('ENOTDIR'));
    await using _ = await racingProcess([[at('inside/d'), at('link')]]);
    await using_(async () => {
      const deadline = performance.now() + 20_000;
      for (let n = 0; n < 20_000 || (!isRace() && performance.now() < deadline); n++) {
        seen.add(outcome(() => read(directory.fd, 'd/f')));
        seen.add(`by path: ${outcome(() => readFileSync(at('inside/d/f'), 'utf8'))}`);
      }
    });
    expect(isRace()).toBe(true);
    expect(seen.has('outside')).toBe(false);
  });
});

function outcome(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
}

test('a name is looked up in the open directory, wherever its path leads meanwhile', () => {
  mkdirSync(at('one'));
  mkdirSync(at('two'));
  using directory = DirectoryHandle.open(at('one'));
  renameSync(at('one'), at('moved'));
  symlinkSync('two', at('one'));
  writeFileSync(directory.at('f'), 'x');
  expect(statSync(at('moved/f')).size).toBe(1);
  expect(directory.names()).toEqual(['f']);
  expect(directory.lstat('g')).toBeUndefined();
  expect(() => DirectoryHandle.open(at('one'))).toThrow();
});
