/**
 * The five compressions, a frame at a time. A frame is one gzip member, zstd frame, bzip2 stream or xz stream, or
 * several of them in a row. Frames laid end to end are one valid file for every public tool.
 */
import { spawnSync } from 'node:child_process';
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BackupError, type Codec, type Compression } from '@gofr-backup/model';
import type { ContentSpan } from './digest.ts';
import { useMatches } from './deflate-segment.ts';
import type { EarlierFrame } from './earlier-frame.ts';
import { writeGzipMember } from './gzip-member.ts';
import type { Stretch } from './stretches.ts';
import { moveOutput, onePiece } from './zlib-output.ts';
import { zlibRun } from './zlib-run.ts';

export const EXTENSIONS: Record<Compression, string> = {
  gzip: '.tar.gz',
  bzip2: '.tar.bz2',
  xz: '.tar.xz',
  zstd: '.tar.zst',
  none: '.tar',
};

/** A frame with this share of incompressible bytes is compressed with the least effort. */
const MOSTLY = 0.8;

/** The most bytes that `rawLength` bytes can take when compressed, with any codec and for any content. */
export function compressedBound(rawLength: number): number {
  return rawLength + Math.ceil(rawLength / 64) + 4096;
}

/** Whether the encoder of our own compresses. The others have no means to go on from an earlier frame. */
export const hasOwnEncoder = ({ name, engine }: Codec): boolean => name === 'gzip' && engine !== 'zlib';

/** What saves time in compressing a frame; of use to gzip by the encoder of our own. */
export interface Hints {
  /** of all raw bytes, in order */
  stretches?: readonly Stretch[];
  /** the frame that this one follows */
  earlier?: EarlierFrame | undefined;
}

/**
 * Compresses the raw bytes of one frame into `target` (of at least compressedBound bytes); answers the length.
 * `incompressible` are spans of it, in order, not worth the effort.
 */
export function compressFrame(
  codec: Codec,
  raw: Buffer,
  incompressible: readonly ContentSpan[],
  target: Buffer,
  { stretches = [], earlier }: Hints = {},
): number {
  if (codec.name === 'none') return raw.copy(target);
  if (codec.name === 'gzip') {
    const { level, engine } = codec;
    if (engine === 'zlib') return writeGzipMember(target, raw, incompressible, level, { deflate: zlibRun });
    if (earlier !== undefined) useMatches(earlier.matches);
    return writeGzipMember(target, raw, incompressible, level, { earlier, stretches });
  }
  const stored = incompressible.reduce((sum, { start, end }) => sum + end - start, 0);
  const level = stored > raw.length * MOSTLY ? 1 : codec.level;
  return moveOutput(encode({ name: codec.name, level }, raw), target, 0);
}

function encode({ name, level }: { name: 'zstd' | 'bzip2' | 'xz'; level: number }, raw: Buffer): Buffer {
  switch (name) {
    case 'zstd':
      return zstdCompressSync(raw, {
        params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
        chunkSize: onePiece(compressedBound(raw.length)),
      });
    case 'bzip2':
      return runFilter('bzip2', [`-${level}`, '-c'], raw, compressedBound(raw.length));
    case 'xz':
      return runFilter('xz', [`-${level}`, '-T1', '-c'], raw, compressedBound(raw.length));
  }
}

/**
 * The raw bytes of one frame. Never more than `rawLength` bytes are made, whatever the frame holds.
 * Throws ARCHIVE_DAMAGED when the frame does not decode to exactly `rawLength` bytes.
 */
export function decompressFrame(name: Compression, frame: Uint8Array, rawLength: number): Buffer {
  const raw = decodeAtMost(name, frame, rawLength);
  if (raw.length !== rawLength) throw damaged(`a frame holds ${raw.length} bytes where ${rawLength} belong`);
  return raw;
}

/** The raw bytes of a frame whose length is not known. Throws ARCHIVE_DAMAGED when there are more than `rawLength`. */
export function decodeAtMost(name: Compression, frame: Uint8Array, rawLength: number): Buffer {
  try {
    switch (name) {
      case 'gzip':
      case 'zstd':
        return inflateAll(name, frame, rawLength);
      case 'bzip2':
        return runFilter('bzip2', ['-dc'], frame, rawLength);
      case 'xz':
        return runFilter('xz', ['-dc', '-T1'], frame, rawLength);
      case 'none':
        return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    }
  } catch (cause) {
    if (!isCodecError(cause)) throw cause;
    throw damaged(cause.message);
  }
}

/**
 * Whether the error proves that the data is damaged. A lack of memory, a killed filter or a bug in this program
 * proves nothing about the data.
 */
export function isCodecError(cause: unknown): cause is Error {
  return (
    cause instanceof Error &&
    'code' in cause &&
    /^(Z_(?!MEM_|STREAM_)|ZSTD_error_(?!memory_)|ERR_BUFFER_TOO_LARGE$|ENOBUFS$|ERR_FILTER$)/.test(
      String(cause.code),
    )
  );
}

/** The error for a filter that failed. `status` is null when a signal ended the filter. */
export function filterFailure(command: string, status: number | null, complaint: string): Error {
  const failure = new Error(`${command}: ${complaint.trim() || `exit ${status ?? 'by a signal'}`}`);
  const starved = status === null || /memory/i.test(complaint);
  return starved ? failure : Object.assign(failure, { code: 'ERR_FILTER' });
}

/** What Node's one-shot functions answer with `info: true`; its types do not say so. */
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/**
 * Node's zstd stops after the first of several frames, and its gunzip ignores zeros at the end. So the decoder must
 * have used every byte.
 */
function inflateAll(name: 'gzip' | 'zstd', frame: Uint8Array, rawLength: number): Buffer {
  const inflate = name === 'gzip' ? gunzipSync : zstdDecompressSync;
  const parts: Buffer[] = [];
  let made = 0;
  for (let at = 0; at < frame.length || at === 0;) {
    const rest = Math.max(rawLength - made, 1);
    // The output must fit one buffer with a byte to spare: Node allocates a second buffer as soon as the first is
    // full.
    const options = { maxOutputLength: rest, chunkSize: Math.max(rest + 1, 64), info: true };
    const { buffer, engine } = inflate(frame.subarray(at), options) as unknown as Inflated;
    if (engine.bytesWritten === 0 || (name === 'gzip' && engine.bytesWritten < frame.length))
      throw damaged('there are other bytes after the compressed data');
    parts.push(buffer);
    made += buffer.length;
    at += engine.bytesWritten;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function runFilter(command: string, args: string[], input: Uint8Array, maxBuffer: number): Buffer {
  const ended = spawnSync(command, args, { input, maxBuffer: Math.max(maxBuffer, 1) });
  if (ended.error !== undefined && 'code' in ended.error && ended.error.code === 'ENOENT')
    throw new BackupError('FAILED', `the program ${command} is missing`, {
      why: `${command} compresses and decompresses .tar.${command === 'xz' ? 'xz' : 'bz2'} archives`,
      hint: `Install it (apt install ${command === 'xz' ? 'xz-utils' : 'bzip2'}), or choose gzip or zstd.`,
    });
  // A filter may stop reading input that it refuses. The pipe then breaks, and the filter's own message counts.
  const broken = ended.error !== undefined && 'code' in ended.error && ended.error.code === 'EPIPE';
  if (ended.error !== undefined && !broken) throw ended.error;
  // bzip2 ignores bytes after the last stream. It warns on stderr and exits with 0.
  if (broken || ended.status !== 0 || ended.stderr.length > 0)
    throw filterFailure(command, ended.status, ended.stderr.toString());
  return ended.stdout;
}

function damaged(why: string): BackupError {
  return new BackupError('ARCHIVE_DAMAGED', 'A part of the archive cannot be decompressed', { why });
}
