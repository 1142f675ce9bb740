/** The tar stream of a whole archive, of any program, decoded while it is read. Memory stays at a few buffers. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { type Duplex, Readable, type Writable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BackupError, type Compression, isErrno } from '@gofr-backup/model';
import { filterFailure, isCodecError } from '../codec/codecs.ts';
import { damaged } from '../refusals.ts';
import { BLOCK, hasValidChecksum, isZeroBlock } from '../tar/header.ts';
import { isPaddedBzip2, isPadding } from '../codec/zero-padding.ts';
import { ZstdFrameScanner, type ZstdPiece } from '../codec/zstd-frames.ts';

const READ_BYTES = 1 << 20;
const OUTPUT_BYTES = 256 << 10;

export interface StreamOptions {
  signal: AbortSignal;
  /** sees the archive's own bytes, in order */
  onStored?: (bytes: Buffer) => void;
}

/** So many bytes tell the compression. */
export const BEGINNING_BYTES = BLOCK;

/** Decided by the first bytes, not by the name. Throws ARCHIVE_DAMAGED for an unknown format. */
export async function detectCompression(archive: FileHandle): Promise<Compression> {
  const head = Buffer.alloc(BEGINNING_BYTES);
  const { bytesRead } = await archive.read(head, 0, head.length, 0);
  const starts = (hex: string): boolean => head.toString('hex', 0, hex.length / 2) === hex;
  if (starts('1f8b')) return 'gzip';
  if (starts('425a68')) return 'bzip2';
  if (starts('fd377a585a00')) return 'xz';
  if (starts('28b52ffd') || /^5.2a4d18/.test(head.toString('hex', 0, 4))) return 'zstd';
  if (bytesRead === head.length && (hasValidChecksum(head) || isZeroBlock(head))) return 'none';
  throw damaged('This is not an archive.', 'It begins neither as tar nor as gzip, bzip2, xz or zstd does.');
}

/** Throws ARCHIVE_DAMAGED where the stream is broken, cut short, or followed by anything else. */
export async function* decodeStream(
  archive: FileHandle,
  compression: Compression,
  options: StreamOptions,
): AsyncGenerator<Buffer> {
  const stored = storedBytes(archive, options);
  try {
    if (compression === 'none') yield* stored;
    else if (compression === 'gzip') yield* gunzip(stored, archive);
    else if (compression === 'zstd') yield* unzstd(stored);
    else yield* filter(compression, stored, archive);
  } catch (cause) {
    options.signal.throwIfAborted();
    throw isCodecError(cause) ? damaged('The archive cannot be decompressed.', cause.message, cause) : cause;
  }
}

async function* storedBytes(
  archive: FileHandle,
  { signal, onStored }: StreamOptions,
): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const { bytesRead } = await archive.read(buffer, 0, READ_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const bytes = buffer.subarray(0, bytesRead);
    onStored?.(bytes);
    yield bytes;
  }
}

async function* gunzip(stored: AsyncIterable<Buffer>, archive: FileHandle): AsyncGenerator<Buffer> {
  const decoder = createGunzip({ chunkSize: OUTPUT_BYTES });
  yield* through(stored, decoder);
  const rest = (await archive.stat()).size - decoder.bytesWritten;
  if (rest !== 0 && !(await isPadding(archive, decoder.bytesWritten)))
    throw damaged('The archive has data after its end.', `${rest} bytes follow the last gzip member.`);
}

async function* unzstd(stored: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const scanner = new ZstdFrameScanner();
  const pieces = zstdPieces(stored, scanner);
  for (let first = await pieces.next(); !first.done; first = await pieces.next()) {
    yield* through(restOfFrame(first.value, pieces), createZstdDecompress({ chunkSize: OUTPUT_BYTES }));
  }
  if (!scanner.complete) throw damaged('The archive is truncated.', 'Its last zstd frame is not complete.');
}

async function* zstdPieces(
  stored: AsyncIterable<Buffer>,
  scanner: ZstdFrameScanner,
): AsyncGenerator<ZstdPiece> {
  for await (const chunk of stored) yield* scanner.push(chunk);
}

async function* restOfFrame(first: ZstdPiece, pieces: AsyncGenerator<ZstdPiece>): AsyncGenerator<Buffer> {
  for (let piece: ZstdPiece | undefined = first; piece;) {
    yield piece.bytes;
    if (piece.endsFrame) return;
    const next: IteratorResult<ZstdPiece> = await pieces.next();
    piece = next.done ? undefined : next.value;
  }
}

/** Decodes with back-pressure, so that only a few buffers of the output exist at a time. */
async function* through(source: AsyncIterable<Buffer>, decoder: Duplex): AsyncGenerator<Buffer> {
  const readable = Readable.from(source, { objectMode: false });
  readable.on('error', (error) => decoder.destroy(error));
  try {
    yield* readable.pipe(decoder) as AsyncIterable<Buffer>;
  } finally {
    readable.destroy();
    decoder.destroy();
  }
}

/** What bzip2 says of anything behind its last stream. */
const PADDED_BZIP2 = /^\s*bzip2: [^\n]*trailing garbage after EOF ignored\s*$/;

/** bzip2 and xz have no decoder in Node: their own programs read the archive. */
async function* filter(
  program: 'bzip2' | 'xz',
  stored: AsyncIterable<Buffer>,
  archive: FileHandle,
): AsyncGenerator<Buffer> {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  ended.catch(() => {});
  let complaint = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(0, 1000)));
  const feeding = feed(stored, child.stdin).catch((cause: unknown) => {
    child.kill('SIGKILL');
    throw cause;
  });
  feeding.catch(() => {});
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    await feeding;
    const [status] = await ended;
    const isPadded = PADDED_BZIP2.test(complaint) && (await isPaddedBzip2(archive));
    if (status !== 0 || (complaint !== '' && !isPadded)) throw filterFailure(program, status, complaint);
  } catch (cause) {
    throw isMissing(cause) ? missingProgram(program) : cause;
  } finally {
    stop(child);
  }
}

async function feed(stored: AsyncIterable<Buffer>, stdin: Writable): Promise<void> {
  let open = true;
  stdin.on('error', () => {});
  stdin.once('close', () => (open = false));
  for await (const bytes of stored) {
    if (!open) return;
    if (!stdin.write(bytes)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).catch(() => {});
  }
  stdin.end();
}

function stop(child: ChildProcessByStdio<Writable, Readable, Readable>): void {
  if (child.exitCode === null) child.kill('SIGKILL');
  for (const stream of child.stdio) stream?.destroy();
}

const isMissing = (cause: unknown): boolean => isErrno(cause, 'ENOENT');

function missingProgram(program: 'bzip2' | 'xz'): BackupError {
  const suggestion = program === 'xz' ? 'xz-utils' : 'bzip2';
  return new BackupError('FAILED', `The program ${program} is missing.`, {
    why: `It decompresses .tar.${program === 'xz' ? 'xz' : 'bz2'} archives.`,
    hint: `Install it (apt install ${suggestion}).`,
  });
}
