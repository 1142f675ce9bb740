/**
 * The test suite for every implementation of Store. Each demand of the port has a test; a store that lies fails some
 * of them.
 */
import { describe, expect, test } from 'vitest';
import { systemClock } from '@gofr-backup/model';
import { checkName } from './name.ts';
import { NoSuchObject } from './store-error.ts';
import { retrying } from './retrying.ts';
import type { Store } from './store.ts';

/** A store that is empty, and another opening of the same one. Its clock, where it has one, is this machine's. */
export interface Opened {
  store: Store;
  again: Store;
}

const QUICK = { retries: 5, first: 20 };

interface Demand {
  name: string;
  expectMet(opened: Opened): Promise<void>;
}

/** Registers the demands as tests. */
export function describeStore(name: string, openEmpty: () => Promise<Opened>): void {
  describe(name, () => {
    test.each(DEMANDS)('$name', async ({ expectMet }) => {
      const opened = await openEmpty();
      await using _store = opened.store;
      await using _again = opened.again;
      await expectMet(opened);
    });
  });
}

export const DEMANDS: Demand[] = [
  {
    name: 'what was put is read, whole, by everybody',
    async expectMet({ store, again }) {
      const large = Buffer.alloc(3_000_000, 'abcdefg');
      expect(await store.put('a/b/large', pieces(large, 65_537))).toBe('stored');
      expect(await store.put('empty', pieces(Buffer.alloc(0), 1))).toBe('stored');
      for (const reader of [store, again]) {
        expect((await content(reader, 'a/b/large')).equals(large)).toBe(true);
        expect(await content(reader, 'empty')).toHaveLength(0);
        expect(await reader.size('a/b/large')).toBe(large.length);
      }
    },
  },
  {
    name: 'the bytes are the caller’s again when the put has answered',
    async expectMet({ store, again }) {
      const bytes = Buffer.alloc(300_000, 'first');
      await store.put('x', pieces(bytes, bytes.length));
      bytes.fill('other');
      expect((await content(again, 'x')).equals(Buffer.alloc(300_000, 'first'))).toBe(true);
    },
  },
  {
    name: 'a part is read, and less where the object ends',
    async expectMet({ store }) {
      await store.put('x', text('0123456789'));
      const part = async (offset: number, length: number) =>
        (await content(store, 'x', { offset, length })).toString();
      expect(await part(0, 3)).toBe('012');
      expect(await part(4, 1)).toBe('4');
      expect(await part(8, 100)).toBe('89');
      expect(await part(10, 5)).toBe('');
      expect(await part(3, 0)).toBe('');
    },
  },
  {
    name: 'nothing is overwritten',
    async expectMet({ store, again }) {
      await store.put('x', text('first'));
      expect(await again.put('x', text('second'))).toBe('taken');
      expect((await content(store, 'x')).toString()).toBe('first');
    },
  },
  {
    name: 'of many puts at once one is stored',
    async expectMet({ store, again }) {
      const isRefused = (await store.abilities()).overwrite === 'refused';
      // a server that looks before may fail some of those that come at the same moment, and say of several that they were stored
      let retries = 0;
      const patience = { ...QUICK, onRetry: () => void retries++ };
      const [one, other] = isRefused
        ? [store, again]
        : [retrying(store, patience), retrying(again, patience)];
      const contents = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `content ${n}`);
      const answers = await Promise.all(
        contents.map((each, n) => (n % 2 ? one : other).put('x', text(each))),
      );
      const there = (await content(store, 'x')).toString();
      expect(contents).toContain(there);
      const stored = contents.filter((_, n) => answers[n] === 'stored');
      // a put that is tried again may be told of its own bytes
      if (retries === 0) expect(stored).toContain(there);
      if (isRefused) expect(stored).toHaveLength(1);
    },
  },
  {
    name: 'a put whose content fails, or that is aborted, leaves nothing',
    async expectMet({ store }) {
      await expect(store.put('x', failing())).rejects.toThrow('no more');
      const abort = new AbortController();
      await expect(store.put('y', abortedHalfway(abort), { signal: abort.signal })).rejects.toThrow(/abort/i);
      expect(await names(store)).toEqual([]);
      expect(await store.size('x')).toBeUndefined();
      expect(await store.put('x', text('now'))).toBe('stored');
    },
  },
  {
    name: 'the list has every object under a prefix, and its size',
    async expectMet({ store }) {
      for (const name of ['a', 'ab/c', 'ab/d/e', 'abc', 'b']) await store.put(name, text(name));
      expect(await names(store)).toEqual(['a:1', 'ab/c:4', 'ab/d/e:6', 'abc:3', 'b:1']);
      expect(await names(store, 'ab')).toEqual(['ab/c:4', 'ab/d/e:6', 'abc:3']);
      expect(await names(store, 'ab/')).toEqual(['ab/c:4', 'ab/d/e:6']);
      expect(await names(store, 'ab/d/e')).toEqual(['ab/d/e:6']);
      expect(await names(store, 'none/of')).toEqual([]);
    },
  },
  {
    name: 'what was removed is gone for everybody; its name is free',
    async expectMet({ store, again }) {
      await store.put('a/x', text('old'));
      await store.remove('a/x');
      await store.remove('a/x');
      expect(await again.size('a/x')).toBeUndefined();
      expect(await names(again)).toEqual([]);
      expect(await again.put('a/x', text('new'))).toBe('stored');
      expect((await content(store, 'a/x')).toString()).toBe('new');
    },
  },
  {
    name: 'what is not there is no object',
    async expectMet({ store }) {
      await store.put('a/x', text('x'));
      for (const name of ['none', 'a/none', 'a', 'a/x/y']) {
        await expect(content(store, name)).rejects.toBeInstanceOf(NoSuchObject);
        expect(await store.size(name)).toBeUndefined();
        await store.remove(name);
      }
      expect((await content(store, 'a/x')).toString()).toBe('x');
    },
  },
  {
    name: 'the list tells a time that is near, or none',
    async expectMet({ store }) {
      await store.put('x', text('x'));
      for await (const { modified } of store.list())
        if (modified !== undefined) expect(secondsFromNow(modified)).toBeLessThan(NEAR);
    },
  },
  {
    name: 'the clock is the one of the store, or it says that it has none',
    async expectMet({ store }) {
      if (!(await store.abilities()).clock)
        return expect(store.now()).rejects.toMatchObject({ kind: 'unsupported' });
      expect(secondsFromNow(await store.now())).toBeLessThan(NEAR);
      expect(await names(store)).toEqual([]);
    },
  },
  {
    name: 'a lock is kept, or the store says that it has none and stores nothing',
    async expectMet({ store, again }) {
      const until = new Date(wholeSeconds(systemClock.now()) + 3000);
      const later = new Date(until.getTime() + 1000);
      const put = () => store.put('x', text('x'), { retainUntil: until });
      if (!(await store.abilities()).lock) {
        await expect(put()).rejects.toMatchObject({ kind: 'unsupported' });
        expect(await store.size('x')).toBeUndefined();
        await store.put('x', text('x'));
        await expect(store.extendLock('x', later)).rejects.toMatchObject({ kind: 'unsupported' });
        return expect(await store.lockedUntil('x')).toBeUndefined();
      }
      expect(await put()).toBe('stored');
      expect(await again.lockedUntil('x')).toEqual(until);
      await store.extendLock('x', later);
      expect(await again.lockedUntil('x')).toEqual(later);
      await store.extendLock('x', until);
      expect(await again.lockedUntil('x')).toEqual(later);
      await expect(again.remove('x')).rejects.toMatchObject({ kind: 'forbidden' });
      expect((await content(again, 'x')).toString()).toBe('x');
    },
  },
  {
    name: 'of what is not there no lock is told',
    async expectMet({ store }) {
      await expect(store.lockedUntil('none')).rejects.toBeInstanceOf(NoSuchObject);
    },
  },
  {
    name: 'a name that some store could not hold is refused',
    async expectMet({ store }) {
      for (const name of [
        '',
        '/a',
        'a/',
        'a//b',
        '../a',
        'a/../b',
        '.a',
        'a/.b',
        'A',
        'ä',
        'a\0b',
        'a'.repeat(201),
      ]) {
        expect(() => checkName(name)).toThrow(RangeError);
        await expect(store.put(name, text('x'))).rejects.toThrow(RangeError);
        await expect(content(store, name)).rejects.toThrow(RangeError);
        await expect(store.remove(name)).rejects.toThrow(RangeError);
      }
    },
  },
];

/** seconds */
const NEAR = 30;

const secondsFromNow = (time: Date): number => Math.abs(time.getTime() - systemClock.now()) / 1000;

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const text = (content: string): AsyncIterable<Uint8Array> => pieces(Buffer.from(content), 3);

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some');
  throw new Error('no more');
}

async function* abortedHalfway(abort: AbortController): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some');
  abort.abort();
  yield Buffer.from('more');
}

async function content(store: Store, ...[name, range]: Parameters<Store['read']>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const bytes of store.read(name, range)) found.push(bytes);
  return Buffer.concat(found);
}

/** Sorted, with sizes. */
async function names(store: Store, prefix?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, size } of store.list(prefix)) found.push(`${name}:${size}`);
  return found.sort();
}
