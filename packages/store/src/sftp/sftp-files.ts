/** Files of an SFTP server: whole windows of reads and writes are under way at once, so that a distant server is not slow. */
import type { Stats } from 'ssh2';
import type { ByteRange, Content } from '../store.ts';
import type { SftpConnection } from './sftp-connection.ts';

/** What every server takes in one message. */
const CHUNK = 32_768;
/** messages under way: 2 MiB */
const WINDOW = 64;
const END_OF_FILE = 1;

export type Handle = Buffer;

export const openFile = (
  sftp: SftpConnection,
  path: string,
  flags: 'r' | 'w' | 'wx',
  mode = 0o444,
  signal?: AbortSignal,
): Promise<Handle> =>
  sftp.ask<Handle>((it, done) => it.open(path, flags, flags === 'r' ? {} : { mode }, done), signal);

export const closeFile = (sftp: SftpConnection, handle: Handle): Promise<void> =>
  sftp.ask<void>((it, done) => it.close(handle, done));

export const statHandle = (sftp: SftpConnection, handle: Handle): Promise<Stats> =>
  sftp.ask<Stats>((it, done) => it.fstat(handle, done));

/** Ends when the server has taken all of it. */
export async function writeAll(
  sftp: SftpConnection,
  handle: Handle,
  content: Content,
  signal?: AbortSignal,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let position = 0;
  try {
    for await (const bytes of content)
      for (let at = 0; at < bytes.length; at += CHUNK) {
        const chunk = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(CHUNK, bytes.length - at));
        const start = position;
        position += chunk.length;
        const written = sftp
          .ask<void>((it, done) => it.write(handle, chunk, 0, chunk.length, start, done), signal)
          .then(() => void underWay.delete(written));
        written.catch(() => {});
        underWay.add(written);
        if (underWay.size >= WINDOW) await Promise.race(underWay);
      }
    await Promise.all(underWay);
  } catch (error) {
    if (!signal?.aborted) await Promise.allSettled([...underWay]);
    throw error;
  }
}

/** In order; ends where the file ends. */
export async function* readSpan(
  sftp: SftpConnection,
  handle: Handle,
  { offset, length }: ByteRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const underWay: Promise<Buffer>[] = [];
  const end = offset + length;
  let next = offset;
  while (next < end || underWay.length > 0) {
    while (next < end && underWay.length < WINDOW) {
      const chunk = readChunk(sftp, handle, next, Math.min(CHUNK, end - next), signal);
      chunk.catch(() => {});
      underWay.push(chunk);
      next += CHUNK;
    }
    const bytes = await underWay.shift()!;
    if (bytes.length > 0) yield bytes;
  }
}

/** A server may answer less than it was asked for. */
async function readChunk(
  sftp: SftpConnection,
  handle: Handle,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const chunk = Buffer.alloc(length);
  for (let filled = 0; filled < length;) {
    const read = await sftp
      .ask<number>(
        (it, done) => it.read(handle, chunk, filled, length - filled, offset + filled, done),
        signal,
      )
      .catch((error: unknown) => {
        if ((error as { code?: unknown }).code === END_OF_FILE) return 0;
        throw error;
      });
    if (read === 0) return chunk.subarray(0, filled);
    filled += read;
  }
  return chunk;
}
