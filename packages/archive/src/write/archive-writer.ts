/**
 * Appends to the archive and has it hashed. Whole chunks go past the page cache where the file system allows it
 * (O_DIRECT). The kernel then copies nothing, the service keeps its files in memory, and the final sync has little
 * left to do. Elsewhere the data is flushed often, so that there is no single great flush at the end.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, writeWhole } from '@gofr-backup/posix';

/** A multiple of the page size, because direct writes need whole pages at whole pages of the file. */
export const CHUNK_BYTES = 1024 * 1024;
/** One chunk is filled while the others are hashed and written. */
const CHUNKS = 3;
/** The bytes that are written to the page cache between two flushes. */
const FLUSH_BYTES = 64 * 1024 * 1024;
/** An archive is readable for its owner only, because it holds tokens and other people's files. */
export const PRIVATE = 0o600;

/** Adds the first bytes of a chunk to the archive's SHA-256; answers it as it then is. Called in order. */
export type HashChunk = (chunk: number, length: number) => Promise<Uint8Array>;

/** An empty file; `direct` is the same one, for whole chunks. */
export interface ArchiveFile {
  file: FileHandle;
  direct?: FileHandle | undefined;
}

interface Chunk {
  number: number;
  memory: Buffer;
  /** written and hashed */
  done: Promise<unknown>;
}

/**
 * Memory for the writer's chunks, shared so that a thread can hash them. It is growable because only growable memory
 * begins at a page.
 */
export function chunkMemory(): SharedArrayBuffer {
  const length = CHUNKS * CHUNK_BYTES;
  return new SharedArrayBuffer(length, { maxByteLength: length });
}

/** Throws EEXIST and the like. */
export async function createArchiveFile(path: string): Promise<ArchiveFile> {
  const file = await open(path, 'wx', PRIVATE);
  const direct = await open(path, constants.O_WRONLY | constants.O_DIRECT).catch(() => undefined);
  return { file, direct };
}

/** The caller closes the files, after `settle`. */
export class ArchiveWriter {
  #file: FileHandle;
  #direct: FileHandle | undefined;
  #hash: HashChunk;
  #sha256: Uint8Array = new Uint8Array(0);
  #chunks: Chunk[];
  /** the first chunk is being filled; `position` is its place in the file */
  #filled = 0;
  #position = 0;
  /** written to the page cache since the disk was told to take it */
  #cached = 0;
  #flush: Promise<void> | undefined;
  #failure: { cause: unknown } | undefined;

  constructor({ file, direct }: ArchiveFile, memory: SharedArrayBuffer, hash: HashChunk) {
    this.#file = file;
    this.#direct = direct;
    this.#hash = hash;
    this.#chunks = Array.from({ length: CHUNKS }, (_, number) => ({
      number,
      memory: Buffer.from(memory, number * CHUNK_BYTES, CHUNK_BYTES),
      done: Promise.resolve(),
    }));
  }

  get size(): number {
    return this.#position + this.#filled;
  }

  /** Copies `bytes`; the append before must have returned. Throws the error of an earlier write. */
  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      // `set` would copy shared memory byte by byte
      const copied = bytes.copy(this.#chunks[0]!.memory, this.#filled, done);
      this.#filled += copied;
      done += copied;
      if (this.#filled === CHUNK_BYTES) await this.#turnOver();
    }
  }

  /** Everything on disk; the SHA-256 of it in hex. */
  async finish(): Promise<string> {
    await this.#turnOver();
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure.cause;
    await this.#file.sync();
    return Buffer.from(this.#sha256).toString('hex');
  }

  /** Waits for writes under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#chunks.map(({ done }) => done));
    await this.#flush;
  }

  /** Writes and hashes the filled chunk; returns when the next chunk is free. */
  async #turnOver(): Promise<void> {
    const chunk = this.#chunks.shift()!;
    const bytes = chunk.memory.subarray(0, this.#filled);
    const failed = (cause: unknown): void => void (this.#failure ??= { cause });
    const hashed = (sha256: Uint8Array): void => void (this.#sha256 = sha256);
    chunk.done = Promise.all([
      this.#write(bytes, this.#position).catch(failed),
      this.#hash(chunk.number, bytes.length).then(hashed, failed),
    ]);
    this.#position += this.#filled;
    this.#filled = 0;
    this.#chunks.push(chunk);
    await this.#chunks[0]!.done;
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    if (this.#direct !== undefined && bytes.length === CHUNK_BYTES) {
      try {
        return await writeWhole(this.#direct, bytes, position);
      } catch (cause) {
        // Some file systems refuse direct writes only here. A short write also ends here, because its rest is no
        // whole page.
        if (errnoOf(cause) !== 'EINVAL') throw cause;
      }
    }
    await writeWhole(this.#file, bytes, position);
    this.#cached += bytes.length;
    if (this.#flush === undefined && this.#cached >= FLUSH_BYTES) this.#startFlush();
  }

  /** A failure is kept, because the kernel reports it to this call and to no later one. */
  #startFlush(): void {
    this.#cached = 0;
    this.#flush = this.#file
      .datasync()
      .catch((cause: unknown) => void (this.#failure ??= { cause }))
      .finally(() => (this.#flush = undefined));
  }
}
