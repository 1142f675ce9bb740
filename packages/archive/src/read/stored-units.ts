/**
 * The smallest parts of an archive that decompress by themselves, found without an index: gzip members, zstd frames,
 * bzip2 and xz streams. A plain tar is cut between entries.
 */
import { execFile } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Compression, isErrno, storedSizeOf } from '@gofr-backup/model';
import { readWhole } from '@gofr-backup/posix';
import { compressedBound, decodeAtMost } from '../codec/codecs.ts';
import { FRAME_BYTES, MOST_RAW_BYTES, SLICE_BYTES } from '../index/sizes.ts';
import { paddedLength } from '../index/file.ts';
import { damaged } from '../refusals.ts';
import { cutParts, lengthOf } from '../index/holed-slices.ts';
import { cutSlices } from '../index/slices.ts';
import { decodeStream } from './stream-decoder.ts';
import { TarParser } from '../tar/parser.ts';
import { ZstdFrameScanner } from '../codec/zstd-frames.ts';

export interface StoredUnit {
  stored: Buffer;
  raw: Buffer;
}

export interface UnitSource {
  archive: FileHandle;
  archivePath: string;
  size: number;
  signal: AbortSignal;
}

/** This program did not make the archive: it is one piece, or holds entries that an index cannot describe. */
export class NotFramed extends Error {}

const MOST_STORED_BYTES = compressedBound(MOST_RAW_BYTES);

/** In order, and together the whole archive. Throws NotFramed or ARCHIVE_DAMAGED. */
export async function* storedUnits(codec: Compression, source: UnitSource): AsyncGenerator<StoredUnit> {
  if (codec === 'gzip') return yield* gzipMembers(source);
  const ends = { zstd: zstdEnds, bzip2: bzip2Ends, xz: xzEnds, none: tarCuts }[codec](source);
  let offset = 0;
  for await (const end of ends) {
    if (end - offset > MOST_STORED_BYTES) throw new NotFramed('a part of it is too large');
    const stored = await readRange(source, offset, end - offset);
    yield { stored, raw: decodeAtMost(codec, stored, MOST_RAW_BYTES) };
    offset = end;
  }
}

async function readRange({ archive, signal }: UnitSource, offset: number, length: number): Promise<Buffer> {
  signal.throwIfAborted();
  const bytes = Buffer.allocUnsafeSlow(length);
  const done = await readWhole(archive, bytes, offset);
  if (done < length) throw damaged('The archive is truncated.', `It ends at byte ${offset + done}.`);
  return bytes;
}

const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0]);
const GZIP_HEADER_BYTES = 10;
const GZIP_TRAILER_BYTES = 8;

/** The end of a member is known only after inflating it. */
async function* gzipMembers(source: UnitSource): AsyncGenerator<StoredUnit> {
  for (let offset = 0; offset < source.size;) {
    const window = await readRange(source, offset, Math.min(source.size - offset, MOST_STORED_BYTES));
    // A name or a time in the header shows that another program wrote the member.
    if (window.compare(GZIP_HEADER, 0, 4, 0, 4) !== 0) throw new NotFramed('it has another gzip header');
    const { raw, used } = inflateOne(
      window.subarray(GZIP_HEADER_BYTES),
      offset + window.length < source.size,
    );
    const length = GZIP_HEADER_BYTES + used + GZIP_TRAILER_BYTES;
    if (length > window.length)
      throw damaged('The archive is truncated.', 'Its last gzip member is not complete.');
    if (window.readUInt32LE(length - 8) !== crc32(raw) || window.readUInt32LE(length - 4) !== raw.length) {
      throw damaged('The archive is damaged.', `The gzip member at byte ${offset} has a wrong checksum.`);
    }
    yield { stored: window.subarray(0, length), raw };
    offset += length;
  }
}

function inflateOne(bytes: Buffer, more: boolean): { raw: Buffer; used: number } {
  const options = { maxOutputLength: MOST_RAW_BYTES, chunkSize: MOST_RAW_BYTES, info: true };
  try {
    const { buffer, engine } = inflateRawSync(bytes, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { raw: buffer, used: engine.bytesWritten };
  } catch (cause) {
    if (isErrno(cause, 'ERR_BUFFER_TOO_LARGE') || (more && isErrno(cause, 'Z_BUF_ERROR')))
      throw new NotFramed('it is one gzip stream');
    throw damaged('The archive cannot be decompressed.', String(cause), cause);
  }
}

async function* zstdEnds({ archive, signal }: UnitSource): AsyncGenerator<number> {
  const scanner = new ZstdFrameScanner();
  let position = 0;
  for await (const chunk of decodeStream(archive, 'none', { signal })) {
    for (const { bytes, endsFrame } of scanner.push(chunk)) {
      position += bytes.length;
      if (endsFrame) yield position;
    }
  }
  if (!scanner.complete) throw damaged('The archive is truncated.', 'Its last zstd frame is not complete.');
}

/**
 * Magic of the first block, 48 binary coded decimals of pi; before it `BZh` and the level. Chance makes it once in
 * 2^72 bits.
 */
const BZIP2_BLOCK = Buffer.from('314159265359', 'hex');

async function* bzip2Ends({ archive, signal, size }: UnitSource): AsyncGenerator<number> {
  let tail: Buffer = Buffer.alloc(0);
  let position = 0;
  for await (const chunk of decodeStream(archive, 'none', { signal })) {
    const bytes = Buffer.concat([tail, chunk]);
    for (let at = bytes.indexOf(BZIP2_BLOCK); at !== -1; at = bytes.indexOf(BZIP2_BLOCK, at + 1)) {
      const start = position - tail.length + at - 4;
      if (start > 0 && /^BZh[1-9]$/.test(bytes.toString('latin1', at - 4, at))) yield start;
    }
    position += chunk.length;
    // One byte less than the magic is kept, so that no match is found twice.
    tail = bytes.subarray(Math.max(0, bytes.length - 9));
  }
  yield size;
}

/** xz keeps an index of its own, which its program lists: `stream`, number, blocks, offset, …, size (xz(1), "--robot"). */
async function* xzEnds({ archivePath, signal }: UnitSource): AsyncGenerator<number> {
  const { stdout } = await promisify(execFile)('xz', ['--robot', '--list', '--verbose', archivePath], {
    maxBuffer: 1 << 28,
    signal,
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw damaged('The archive cannot be decompressed.', String(cause), cause);
  });
  for (const line of stdout.split('\n')) {
    const [kind, , , offset, , length, , , , padding] = line.split('\t');
    if (kind !== 'stream') continue;
    yield Number(offset) + Number(length) + Number(padding ?? 0);
  }
}

/** As the writer frames: about half a megabyte of entries, a large file's header, slices of it, the end. */
async function* tarCuts({ archive, signal, size }: UnitSource): AsyncGenerator<number> {
  const cuts: number[] = [];
  let last = 0;
  const cut = (at: number): void => {
    if (at > last) cuts.push((last = at));
  };
  let end = 0;
  let contentEnd = 0;
  const parser = new TarParser({
    member(member) {
      const { start, headerEnd, size: content, sparse = false, mapInContent } = member;
      if (sparse && !mapInContent) throw new NotFramed('it has a file without its holes');
      contentEnd = headerEnd + storedSizeOf(member);
      end = headerEnd + paddedLength(storedSizeOf(member));
      // The size is checked before the content is cut, because a header may promise any size.
      if (end > size)
        throw damaged('The archive is truncated.', `An entry would end at byte ${end} of ${size}.`);
      if (sparse) {
        cut(start);
        cut(headerEnd);
      } else if (content > SLICE_BYTES) {
        cut(start);
        for (const { position } of cutSlices(content)) cut(headerEnd + position);
        cut(end);
      } else if (end - last > FRAME_BYTES) cut(end);
    },
    map({ parts }) {
      let at = contentEnd - lengthOf(parts);
      for (const slice of cutParts(parts)) {
        cut(at);
        at += lengthOf(slice);
      }
      cut(end);
    },
    data() {},
  });
  for await (const chunk of decodeStream(archive, 'none', { signal })) {
    parser.push(chunk);
    yield* cuts.splice(0);
  }
  parser.end();
  cut(end);
  cut(size);
  yield* cuts;
}
