/** The map of a file with holes lies, and an index proves it: every checksum in both is right. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { temporaryDirectory } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestFrame } from '../codec/digest.ts';
import { loadIndex } from '../index/whole-index.ts';
import { IndexWriter } from '../index/writer.ts';
import { extractTo, opened, testPorts } from '../read/reading.fixture.ts';
import { archive, HOURS_LATER, inside, previousOf, sha256 } from '../write/create.fixture.ts';
import { makeHoled } from '../write/holes/holes.fixture.ts';

const PAGE = 4096;
const SIZE = 9 << 20;
const PLACES = [PAGE, 5 << 20];

const map = (...numbers: number[]): string => [numbers.length / 2, ...numbers].map((n) => `${n}\n`).join('');
const LIES: Record<string, string> = {
  'parts overlap': map(PAGE, PAGE, PAGE + 512, PAGE, SIZE, 0),
  'parts descend': map(5 << 20, PAGE, PAGE, PAGE, SIZE, 0),
  'a part beyond the end': map(PAGE, PAGE, SIZE - 512, PAGE),
  'the end beyond the end': map(PAGE, PAGE, 5 << 20, PAGE, SIZE + 1, 0),
  'more data than there is': map(PAGE, PAGE, 5 << 20, 2 * PAGE, SIZE, 0),
  'less data than there is': map(PAGE, PAGE, SIZE, 0),
  'more parts than it has': `9${map(PAGE, PAGE, 5 << 20, PAGE, SIZE, 0)}`,
  'millions of parts': '9999999\n',
  'no map': 'x'.repeat(500),
  nothing: '',
};

let scene: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string): string => join(scene.path, name);

beforeAll(async () => {
  scene = await temporaryDirectory();
  makeHoled(at('source/file'), { size: SIZE, data: PLACES.map((position) => ({ position, length: PAGE })) });
  writeFileSync(at('source/zz'), 'beside it');
  await archive(at('source'), at('whole'), { codec: 'none', clock: HOURS_LATER });
});
afterAll(() => scene[Symbol.asyncDispose]());

for (const [lie, text] of Object.entries(LIES))
  test(`${lie}: refused by name before anything is written, and nothing of it in the next archive`, async () => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    const files = await archiveTold(dir, text);
    for (const indexPath of [files.indexPath, undefined]) {
      const out = dir(`out ${indexPath}`.replaceAll('/', ' '));
      const extracted = extractTo(files.archivePath, out, { ...(indexPath && { indexPath }) });
      await expect(extracted).rejects.toMatchObject({ code: /^ARCHIVE_(HOSTILE|DAMAGED)$/ });
      await expect(extracted).rejects.toThrow('storage/file');
      expect(readdirSync(out)).toEqual([]);
    }
    await using reader = await opened(files);
    const { ok, problems } = await reader.verify(testPorts());
    expect(ok).toBe(false);
    expect(JSON.stringify(problems)).toContain('storage/file');
    const how = { codec: 'none', clock: HOURS_LATER, previous: previousOf(files.archivePath) } as const;
    await archive(at('source'), dir('next'), how);
    expect(sha256(readFileSync(dir('next')))).toBe(sha256(readFileSync(at('whole'))));
  });

/** The archive with another map, and an index that is right about it. */
async function archiveTold(
  dir: (name: string) => string,
  text: string,
): Promise<{ archivePath: string; indexPath: string }> {
  const index = await loadIndex(at('whole.idx'));
  const raw = readFileSync(at('whole'));
  const mapFrame = [...index.frames()].find(({ kind }) => kind === 'slice')!;
  raw.fill(0, mapFrame.offset, mapFrame.offset + mapFrame.length);
  raw.write(text, mapFrame.offset, 'latin1');
  mkdirSync(dir('told'));
  const archivePath = dir('told/archive');
  writeFileSync(archivePath, raw);
  const file = await open(`${archivePath}.idx`, 'wx');
  const writer = new IndexWriter(file);
  for (const frame of index.frames()) {
    const bytes = raw.subarray(frame.offset, frame.offset + frame.length);
    const isMap = frame.number === mapFrame.number;
    const paged = index
      .entriesOf(frame.number)
      .map((entry) => ({ ...entry, headerLength: entry.dataOffset - entry.headerOffset }));
    const digest = isMap ? digestFrame(bytes, []).digest : frame.digest;
    await writer.add({ ...frame, crc32: crc32(bytes), digest }, paged);
  }
  await writer.finish({ ...index.facts, archiveSha256: sha256(raw) });
  await file.close();
  return { archivePath, indexPath: `${archivePath}.idx` };
}
