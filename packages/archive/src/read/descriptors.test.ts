/** What fails, or is refused, gives back every descriptor it had. */
import { readdirSync, readlinkSync } from 'node:fs';
import type { ProgressEvent } from '@gofr-backup/model';
import { makeTree, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { archive, inside, previousOf } from '../write/create.fixture.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import { opened } from './reading.fixture.ts';

/** What this process has open below `directory`. */
function openBelow(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** More slices than the line has slots: some are not handed in when the first is written. */
const MANY = 12;

test.skipIf(process.platform !== 'linux').each([
  { name: 'given up between two slices', slices: MANY, fail: (giveUp: () => void) => giveUp() },
  {
    name: 'failed with slices under way',
    slices: MANY,
    fail: () => {
      throw new Error('injected');
    },
  },
  {
    name: 'failed with every slice handed in',
    slices: 2,
    fail: () => {
      throw new Error('injected');
    },
  },
])('$name: the big file is closed', async ({ slices, fail }) => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(place.path, { source: { big: Buffer.alloc(slices * SLICE_BYTES, 'big\n') } });
  const giveUp = new AbortController();
  const progress = ({ bytes }: ProgressEvent): void => {
    if (bytes > 0) fail(() => giveUp.abort());
  };
  const made = archive(at('source'), at('out'), { codec: 'none', progress, signal: giveUp.signal });
  await expect(made).rejects.toThrow();
  expect(openBelow(place.path)).toEqual([]);
});

test.skipIf(process.platform !== 'linux').each(['out', 'out.idx'])(
  'nothing is left open when %s cannot be created',
  async (name) => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    await makeTree(place.path, { source: { file: 'x' }, before: { file: 'y' }, [name]: 'in the way' });
    await archive(at('before'), at('previous'), { codec: 'none' });
    const options = { codec: 'none', previous: previousOf(at('previous')) } as const;
    await expect(archive(at('source'), at('out'), options)).rejects.toThrow(/failed/);
    expect(openBelow(place.path)).toEqual([]);
  },
);

test.skipIf(process.platform !== 'linux')('an index that is not of use is closed', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(place.path, { source: { file: 'x' }, other: { file: 'x'.repeat(1000) } });
  await archive(at('source'), at('out'));
  await archive(at('other'), at('next'), { codec: 'none', previous: previousOf(at('out')) });
  for (const indexPath of [at('next.idx'), at('source/file'), at('out.idx')]) {
    const reader = await opened({ archivePath: at('out'), indexPath });
    expect(reader.indexed).toBe(indexPath === at('out.idx'));
    await reader.close();
  }
  expect(openBelow(place.path)).toEqual([]);
});
