/**
 * Appends to the archive, and has it hashed. Whole chunks go past the page cache where the file system lets them (O_DIRECT):
 * the kernel copies nothing, the service beside it keeps its files in memory, and the end has nothing left to wait for.
 * Elsewhere the disk follows closely, so that neither meets one great flush.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, writeWhole } from '@gofr-backup/posix';

/** Whole pages, and so are their places in the file: direct writes take nothing else. */
export const CHUNK_BYTES = 2 * 1024 * 1024;
/** One is filled while the others are on their way. */
const CHUNKS = 3;
/** So much is written to the page cache before the disk is told to take it. */
const FLUSH_BYTES = 64 * 1024 * 1024;
/** Only its owner reads an archive: it holds tokens and other people's files. */
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
 * What the writer's chunks lie in, so that a thread can hash them. Memory that can grow begins at a page; other memory where
 * malloc(3) put it.
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

/** The files are its caller's to close, after `settle`. */
export class ArchiveWriter {
  #file: FileHandle;
  #direct: FileHandle | undefined;
  #hash: HashChunk;
  #sha256: Uint8Array = new Uint8Array(0);
  #chunks: Chunk[];
  /** the first is being filled, from the position of the file that it begins at */
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

  /** Takes a copy of `bytes`; the append before must have come back. Throws what an earlier write failed with. */
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

  /** What was filled is written and hashed; comes back when there is a chunk to fill. */
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
        // some file systems say only now that they cannot; or it wrote a part, and the rest is no whole page
        if (errnoOf(cause) !== 'EINVAL') throw cause;
      }
    }
    await writeWhole(this.#file, bytes, position);
    this.#cached += bytes.length;
    if (this.#flush === undefined && this.#cached >= FLUSH_BYTES) this.#startFlush();
  }

  /** A failure is kept: the kernel reports it once, to this call and to no later one. */
  #startFlush(): void {
    this.#cached = 0;
    this.#flush = this.#file
      .datasync()
      .catch((cause: unknown) => void (this.#failure ??= { cause }))
      .finally(() => (this.#flush = undefined));
  }
}
