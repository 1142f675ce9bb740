/** A part of an archive as a tar stream, as public tools extract it, held against an extraction of this program. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isMissing, makeTree, readTree, temporaryDirectory } from '@gofr-backup/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archive, inside, tarStream as decoded } from '../write/create.fixture.ts';
import { comparable, NASTY, TOOLS } from '../write/tools.fixture.ts';
import { openIndex } from '../index/file.ts';
import { contentSpans } from './content-spans.ts';
import { collect, extractTo, opened, testPorts } from './reading.fixture.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let at: (name: string) => string;
beforeAll(async () => {
  place = await temporaryDirectory();
  at = inside(place.path);
  await makeTree(at('source/storage/whole'), NASTY);
  await makeTree(at('source/storage/other'), { 'a file': 'not in a part' });
  await archive(at('source/storage'), at('out.tar.gz'));
});
afterAll(() => place[Symbol.asyncDispose]());

async function streamOf(
  paths: string[] | undefined,
  indexed = true,
  archivePath = at('out.tar.gz'),
): Promise<Buffer> {
  await using reader = await opened({
    archivePath,
    ...(indexed && { indexPath: at('out.tar.gz.idx') }),
  });
  expect(reader.indexed).toBe(indexed);
  return await collect(reader.tar(paths, testPorts()));
}

const PARTS: [string, string[] | undefined][] = [
  ['all of it', undefined],
  ['a folder', ['storage/whole']],
  ['a file in slices', ['storage/whole/three slices']],
  ['a file with holes', ['storage/whole/holes']],
  ['a hard link without its file', ['storage/whole/two']],
  ['names that are not UTF-8', [String.raw`storage/whole/not utf-8 \xff\xfe`]],
];

describe.each(PARTS)('%s', (_, paths) => {
  for (const tool of TOOLS)
    test.skipIf(isMissing(tool.name))(`by ${tool.name}`, async () => {
      await extractTo(at('out.tar.gz'), at('expected'), {
        indexPath: at('out.tar.gz.idx'),
        ...(paths && { paths }),
      });
      mkdirSync(at('streamed'));
      tool.extract(await streamOf(paths), at('streamed'));
      const [streamed, expected] = await Promise.all([readTree(at('streamed')), readTree(at('expected'))]);
      // directories above what was asked for are implied only
      const asked = (tree: typeof streamed) =>
        Object.fromEntries(
          Object.entries(tree).filter(([, { type }]) => paths === undefined || type !== 'directory'),
        );
      expect(comparable(asked(streamed), tool)).toEqual(comparable(asked(expected), tool));
      rmSync(at('streamed'), { recursive: true });
      rmSync(at('expected'), { recursive: true });
    });

  test('is the same without an index', async () => {
    expect((await streamOf(paths, false)).equals(await streamOf(paths))).toBe(true);
  });
});

test('the spans that are told of a part are all that is read of it', async () => {
  const whole = readFileSync(at('out.tar.gz'));
  const { index, close } = await openIndex(at('out.tar.gz.idx'));
  const lengths = PARTS.map(([name, paths]) => {
    const part = Buffer.alloc(whole.length);
    // tells the codec
    whole.copy(part, 0, 0, 64);
    const spans = contentSpans(index, paths?.[0]);
    for (const { offset, length } of spans) whole.copy(part, offset, offset, offset + length);
    writeFileSync(at(`${name}.tar.gz`), part);
    return spans.reduce((sum, { length }) => sum + length, 0);
  });
  await close();
  for (const [name, paths] of PARTS)
    expect((await streamOf(paths, true, at(`${name}.tar.gz`))).equals(await streamOf(paths)), name).toBe(
      true,
    );
  expect(Math.min(...lengths)).toBeLessThan(whole.length / 4);
});

test('all of it is what the archive holds, to the byte', async () => {
  const whole = decoded(at('out.tar.gz'), 'gzip');
  expect((await streamOf(undefined)).equals(whole)).toBe(true);
});

test('a path that is not there is refused before the first byte', async () => {
  await expect(streamOf(['storage/nope'])).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
});

test('a damaged archive breaks the stream off before the damage', async () => {
  const bytes = readFileSync(at('out.tar.gz'));
  const middle = bytes.length >> 1;
  const whole = await streamOf(undefined);
  bytes[middle]! ^= 0x10;
  writeFileSync(at('bad.tar.gz'), bytes);
  for (const indexPath of [at('out.tar.gz.idx'), undefined]) {
    await using reader = await opened({ archivePath: at('bad.tar.gz'), ...(indexPath && { indexPath }) });
    const pieces: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of reader.tar(undefined, testPorts())) pieces.push(piece);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    const got = Buffer.concat(pieces);
    expect(got.length).toBeLessThan(whole.length - 1024);
    expect(whole.subarray(0, got.length).equals(got)).toBe(true);
  }
});
