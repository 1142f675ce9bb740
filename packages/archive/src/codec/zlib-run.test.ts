import { execFileSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, crc32, deflateRawSync, gunzipSync } from 'node:zlib';
import { type EngineCodec, ENGINE_CODECS } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { archive, HOURS_LATER, inside, previousOf } from '../write/create.fixture.ts';
import { opened, testPorts } from '../read/reading.fixture.ts';
import { compressedBound, compressFrame } from './codecs.ts';
import { EarlierFrame } from './earlier-frame.ts';
import { noisy } from './mixed-bytes.fixture.ts';

const TEXT = Buffer.from(Array.from({ length: 9000 }, (_, n) => `line ${n * n}\n`).join(''));
const RAW = Buffer.concat([TEXT, noisy(20_000), TEXT.subarray(5000)]);
const NOISE = [{ start: TEXT.length, end: TEXT.length + 20_000 }];
/** As every call that says the level asks for it: Codec and engine together. */
const gzip = (engine: EngineCodec) => ({ name: 'gzip', level: 6, engine }) as const;

function frameOf(engine: EngineCodec, raw = RAW): Buffer {
  const target = Buffer.alloc(compressedBound(raw.length));
  return target.subarray(0, compressFrame(gzip(engine), raw, NOISE, target));
}

test('with zlib a run is what zlib makes of it, and nothing of the encoder of our own', () => {
  const run = deflateRawSync(TEXT, { level: 6, finishFlush: constants.Z_SYNC_FLUSH });
  expect(frameOf('zlib').includes(run)).toBe(true);
  expect(frameOf('own').includes(run)).toBe(false);
  for (const engine of ENGINE_CODECS) expect(gunzipSync(frameOf(engine)).equals(RAW)).toBe(true);
});

test('a run that zlib made is taken over by the encoder of our own', async () => {
  await using directory = await temporaryDirectory();
  const at = inside(directory.path);
  const frame = frameOf('zlib');
  writeFileSync(at('archive'), frame);
  const archiveFd = openSync(at('archive'), 'r');
  const place = { archiveFd, offset: 0, length: frame.length, rawLength: RAW.length, crc32: crc32(frame) };
  expect(EarlierFrame.read(place)?.find(TEXT)).toBeDefined();
  closeSync(archiveFd);
});

describe.each([
  ['own', 'zlib'],
  ['zlib', 'own'],
] as const)('an archive by %s, the next by %s', (first, next) => {
  test('is reused, and both are read by either', async () => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    mkdirSync(at('source'));
    for (let n = 0; n < 20; n++) writeFileSync(at(`source/${n}`), RAW.subarray(n * 1000));
    writeFileSync(at('source/big'), noisy(5_000_000, 20));
    const run = (name: string, engine: EngineCodec, previous?: string) =>
      archive(at('source'), at(name), {
        ...{ clock: HOURS_LATER, linkUnchanged: true, engine },
        ...(previous === undefined ? {} : { previous: previousOf(at(previous)) }),
      });
    await run('1', first);
    expect((await run('2', next, '1')).linked).toBe(true);
    appendFileSync(at('source/7'), 'more');
    expect((await run('3', next, '1')).reusedBytes).toBeGreaterThan(1_000_000);
    execFileSync('tar', ['-xzf', at('3'), '-C', place.path]);
    expect(readFileSync(at('storage/7')).equals(readFileSync(at('source/7')))).toBe(true);
    for (const name of ['1', '3'])
      for (const engine of ENGINE_CODECS) {
        await using reader = await opened({ archivePath: at(name), indexPath: at(`${name}.idx`), engine });
        expect(reader.indexed).toBe(true);
        expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [], files: 21 });
      }
  });
});
