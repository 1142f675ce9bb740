import { linkSync, symlinkSync } from 'node:fs';
import { makeTree, sparse, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { archive, inside } from '../../write/create.fixture.ts';
import { countTrees } from './count.ts';

const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`chart ${n}`, 'x'.repeat(n)]));

async function counted(signal: AbortSignal) {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('data'), { many, auth: { key: 'secret' }, 'left.tmp': 'out', empty: {} });
  linkSync(at('data/many/chart 500'), at('data/second name'));
  symlinkSync('many', at('data/link'));
  const sources = {
    components: [{ name: 'data', root: at('data'), archivePath: 'data', select: 'all' as const }],
    exclude: ['*.tmp'],
  };
  const before = await archive(at('data'), at('out'), { ...sources, codec: 'none' });
  return { before, count: await countTrees(sources, signal) };
}

test('as many files and bytes as the archive then has, of several names of one file once', async () => {
  const { before, count } = await counted(new AbortController().signal);
  expect(count).toEqual({ files: before.files, bytes: before.sourceBytes });
  expect(count.files).toBe(603);
});

test('a count ends when it is cancelled', async () => {
  await expect(counted(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('a file that is nearly all hole promises nothing', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('data'), { hole: sparse(1 << 30, []), small: 'small' });
  const components = [{ name: 'data', root: at('data'), archivePath: 'data', select: 'all' as const }];
  expect(await countTrees({ components, exclude: [] }, new AbortController().signal)).toEqual({
    files: 2,
    bytes: 5,
  });
});
