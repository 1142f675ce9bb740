/** An archive that is read while it comes. The file has zeros where nothing was asked for, so that a read too early is damage. */
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMPRESSIONS, type Compression, toBytePath } from '@gofr-backup/model';
import { DirectoryHandle } from '@gofr-backup/posix';
import { makeTree, readTree, sparse, temporaryDirectory, type Tree } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { SLICE_BYTES } from '../index/sizes.ts';
import type { Arrival } from '../types.ts';
import { archive } from '../write/create.fixture.ts';
import { collect, opened, testPorts } from './reading.fixture.ts';
import { BEGINNING_BYTES } from './stream-decoder.ts';

const TREE: Tree = {
  small: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${n}`, `content ${n}\n`.repeat(40 * n)])),
  big: Buffer.alloc(3 * SLICE_BYTES + 7, 'all work and no play '),
  holes: sparse(3 * SLICE_BYTES + 1, [[SLICE_BYTES + 5000, 'data']]),
  last: 'the end',
};

interface Coming extends Arrival {
  path: string;
  size: number;
  /** bytes that were asked for and came */
  readonly came: number;
}

/** What is asked for comes at once; the rest never does. `upTo`: nothing beyond it comes at all. */
function coming(of: string, path: string, upTo = Infinity): Coming {
  const whole = readFileSync(of);
  copyFileSync(of, path);
  truncateSync(path, 0);
  truncateSync(path, whole.length);
  const fd = openSync(path, 'r+');
  let came = 0;
  return {
    path,
    size: whole.length,
    get came() {
      return came;
    },
    async until(end) {
      if (end > upTo) throw new Error('the store vanished');
      if (end > came) writeSync(fd, whole, came, end - came, came);
      came = Math.max(came, end);
    },
  };
}

/** Other programs are slow with more. */
const LITTLE: Tree = { small: TREE['small']!, last: 'the end' };

async function world(codec: Compression = 'gzip', tree = ['bzip2', 'xz'].includes(codec) ? LITTLE : TREE) {
  const scratch = await temporaryDirectory();
  const source = await makeTree(join(scratch.path, 'source'), tree);
  const path = join(scratch.path, 'archive');
  await archive(source, path, { codec });
  const at = (name: string): string => join(scratch.path, name);
  return { ...scratch, path, at, indexPath: `${path}.idx`, wanted: await readTree(source) };
}

const sameContent = (got: Awaited<ReturnType<typeof readTree>>, wanted: typeof got): void =>
  expect(Object.entries(got).map(([path, { content }]) => [path, content])).toEqual(
    Object.entries(wanted).map(([path, { content }]) => [path, content]),
  );

test.each([...COMPRESSIONS])('%s: it is extracted as far as it has come, and is right', async (codec) => {
  await using on = await world(codec);
  const arrival = coming(on.path, on.at('coming'));
  const threads = 2;
  await using reader = await opened({ archivePath: arrival.path, indexPath: on.indexPath, arrival, threads });
  expect(arrival.came).toBe(BEGINNING_BYTES);
  mkdirSync(on.at('out'));
  await reader.extract({ ...testPorts(), directory: on.at('out') });
  sameContent(await readTree(on.at('out/storage')), on.wanted);
});

test('what lies at the beginning is there before the end has come', async () => {
  await using on = await world();
  const arrival = coming(on.path, on.at('coming'), statSync(on.path).size - 1);
  await using reader = await opened({ archivePath: arrival.path, indexPath: on.indexPath, arrival });
  mkdirSync(on.at('out'));
  await expect(
    reader.extract({ ...testPorts(), directory: on.at('out'), paths: ['storage/big'] }),
  ).rejects.toMatchObject({ why: expect.stringContaining('the store vanished') });
  expect(readFileSync(on.at('out/storage/big')).equals(readFileSync(on.at('source/big')))).toBe(true);
});

test('what comes after a cancellation is not written any more', async () => {
  await using on = await world('gzip', { last: 'the end' });
  const arrival = coming(on.path, on.at('coming'));
  const cancelled = new AbortController();
  const late = Promise.withResolvers<void>();
  let isOpened = false;
  const until = async (end: number): Promise<void> => {
    if (isOpened) setTimeout(() => cancelled.abort());
    if (isOpened) await late.promise;
    await arrival.until(end);
  };
  await using reader = await opened({
    ...{ archivePath: arrival.path, indexPath: on.indexPath },
    arrival: { until },
  });
  isOpened = true;
  mkdirSync(on.at('out'));
  using directory = DirectoryHandle.open(toBytePath(on.at('out')));
  const paths = ['storage/last'];
  await expect(reader.extract({ ...testPorts(cancelled.signal), directory, paths })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  late.resolve();
  await sleep(100);
  expect(readdirSync(on.at('out/storage'))).toEqual([]);
});

describe('everything else waits for all of it', () => {
  test.each(['content', 'pieces', 'tar', 'verify', 'salvage'] as const)('%s', async (method) => {
    await using on = await world();
    const arrival = coming(on.path, on.at('coming'));
    await using reader = await opened({ archivePath: arrival.path, indexPath: on.indexPath, arrival });
    const ways = {
      content: async () =>
        expect(await collect(reader.content('storage/last'))).toEqual(Buffer.from('the end')),
      pieces: async () => {
        for await (const { bytes } of reader.pieces('storage/last')) expect(`${bytes}`).toBe('the end');
      },
      tar: async () =>
        expect((await collect(reader.tar(['storage/last'], testPorts()))).length).toBeGreaterThan(0),
      verify: async () => expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] }),
      salvage: async () => expect(await reader.salvage(testPorts())).toEqual([]),
    };
    await ways[method]();
    expect(arrival.came).toBe(arrival.size);
  });

  test('an archive without an index, when it is opened', async () => {
    await using on = await world();
    const arrival = coming(on.path, on.at('coming'));
    await using reader = await opened({ archivePath: arrival.path, arrival });
    expect(arrival.came).toBe(arrival.size);
    mkdirSync(on.at('out'));
    await reader.extract({ ...testPorts(), directory: on.at('out') });
    sameContent(await readTree(on.at('out/storage')), on.wanted);
  });
});

test('what never comes is an error of who brings it', async () => {
  await using on = await world();
  const arrival = coming(on.path, on.at('coming'), statSync(on.path).size / 2);
  await using reader = await opened({ archivePath: arrival.path, indexPath: on.indexPath, arrival });
  mkdirSync(on.at('out'));
  await expect(reader.extract({ ...testPorts(), directory: on.at('out') })).rejects.toMatchObject({
    why: expect.stringContaining('the store vanished'),
  });
});
