/** What must hold of the private deflate and inflate for the bytes that one seed stands for. Throws what does not. */
import { constants, deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import {
  compressedBound,
  compressFrame,
  decompressFrame,
  deflateSegment,
  exchangeGzipMember,
  gzipNotes,
  inflateRoom,
  inflateSegment,
  readGzipMember,
} from '@gofr-backup/archive/testing';
import { bytesOf, mutated, noise, pick, type Random, randomOf } from './fuzz-bytes.ts';

export interface Round {
  /** bytes compressed or decompressed */
  bytes: number;
  /** streams that zlib reads, and the decoder of our own leaves to it */
  leftToZlib: number;
}

const DAMAGES = 6;
/** What the decoder may overwrite behind its output, and what is watched behind that. */
const PADDING = 512;
const WATCHED = 4096;
const WATCH = 0xa5;
const FINAL_BLOCK = Buffer.from([3, 0]);
const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];

export function fuzzRound(seed: number): Round {
  const random = randomOf(seed);
  const raw = bytesOf(random);
  const done = { bytes: raw.length, leftToZlib: 0 };
  ownToZlib(raw, 1 + random(9));
  frames(raw, random);
  exchanges(raw, random);
  const stream = deflateRawSync(raw, {
    level: random(10),
    strategy: pick(random, STRATEGIES),
    memLevel: 1 + random(9),
    windowBits: 9 + random(7),
  });
  demand(inflated(stream, raw.length)?.equals(raw), 'what zlib deflated is not inflated to it');
  demand(inflated(stream, raw.length + 1) === undefined, 'a stream was inflated to a byte more than it has');
  for (let n = 0; n < DAMAGES; n++)
    judge(n === 0 ? noise(random, 1 + random(500), 256) : mutated(random, stream), raw.length, done);
  return done;
}

function demand(holds: boolean | undefined, complaint: string): void {
  if (holds !== true) throw new Error(complaint);
}

function ownToZlib(raw: Buffer, level: number): void {
  const target = Buffer.alloc(compressedBound(raw.length));
  const end = deflateSegment(target, 0, raw, level);
  const stream = Buffer.concat([target.subarray(0, end), FINAL_BLOCK]);
  demand(inflateRawSync(stream).equals(raw), `zlib inflates something else at level ${level}`);
  demand(inflated(stream, raw.length)?.equals(raw), `its own stream of level ${level} is not read`);
}

/** Either engine's frames, read by either. */
function frames(raw: Buffer, random: Random): void {
  const start = random(raw.length + 1);
  const spans = [{ start, end: start + random(raw.length - start + 1) }];
  for (const engine of ['own', 'zlib'] as const) {
    const target = Buffer.alloc(compressedBound(raw.length));
    const codec = { name: 'gzip', level: 1 + random(9), engine } as const;
    const frame = target.subarray(0, compressFrame(codec, raw, spans, target));
    demand(gunzipSync(frame).equals(raw), `gunzip reads something else in a frame of ${engine}`);
    demand(
      decompressFrame('gzip', frame, raw.length).equals(raw),
      `a frame of ${engine} is not read by zlib`,
    );
    const room = inflateRoom(frame.length, raw.length);
    frame.copy(room);
    demand(readGzipMember(room, raw.length, true)?.equals(raw), `a frame of ${engine} is not read by own`);
  }
}

/** Other bytes in spans of a stream of either: what is written again stands for them, or nothing is. */
function exchanges(raw: Buffer, random: Random): void {
  const now = Buffer.from(raw);
  const spans: { start: number; end: number }[] = [];
  for (let at = random(700); at < raw.length; at += 1 + random(9000)) {
    const end = Math.min(raw.length, at + 1 + random(1600));
    spans.push({ start: at, end });
    if (random(2) === 0) now.set(noise(random, random(end - at + 1), pick(random, [2, 64, 256])), at);
    at = end;
  }
  const engine = pick(random, ['own', 'zlib'] as const);
  const target = Buffer.alloc(compressedBound(raw.length) + 4096);
  const member = target.subarray(
    0,
    compressFrame({ name: 'gzip', level: 1 + random(9), engine }, raw, [], target),
  );
  const room = inflateRoom(member.length, raw.length, true);
  member.copy(room);
  const noted = gzipNotes(room, raw.length, spans);
  demand(noted?.raw.equals(raw), `a frame of ${engine} is not read in parts`);
  const end = noted?.parts && exchangeGzipMember(target, now, noted.parts, target.length);
  if (end !== undefined)
    demand(gunzipSync(target.subarray(0, end)).equals(now), 'a stream with other bytes in spans is wrong');
}

/** A damaged stream is refused, or is what zlib takes it for. */
function judge(stream: Buffer, rawLength: number, done: Round): void {
  const expected = byZlib(stream);
  const found = inflated(stream, expected?.length ?? rawLength);
  done.bytes += stream.length;
  if (found === undefined) done.leftToZlib += expected === undefined ? 0 : 1;
  else demand(expected?.equals(found), 'a damaged stream was taken for good bytes');
}

function byZlib(stream: Buffer): Buffer | undefined {
  try {
    const options = { info: true, maxOutputLength: 1 << 24 };
    const { buffer, engine } = inflateRawSync(stream, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === stream.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** What the module makes of a stream, when that is all of it; what lies before and behind its output is watched. */
function inflated(stream: Buffer, rawLength: number): Buffer | undefined {
  const room = inflateRoom(stream.length, rawLength);
  stream.copy(room);
  const output = Math.ceil((room.byteOffset + room.length + PADDING) / 4096) * 4096;
  const behind = Buffer.from(room.buffer)
    .subarray(output + rawLength + PADDING)
    .subarray(0, WATCHED);
  behind.fill(WATCH);
  const done = inflateSegment(room, 0, rawLength);
  demand(room.equals(stream), 'the stream itself was overwritten');
  demand(
    behind.every((byte) => byte === WATCH),
    'bytes far behind the output were overwritten',
  );
  return done?.used === stream.length ? Buffer.from(done.raw) : undefined;
}
