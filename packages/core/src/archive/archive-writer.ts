/**
 * Appends to the archive: hashes on the caller's thread while the writes before still run, and has the disk follow closely,
 * so that the end does not wait for all of it, and the service beside it never for one great flush.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { writeWhole } from './whole-write.ts';

/** So much is written before the disk is told to take it. */
const FLUSH_BYTES = 64 * 1024 * 1024;

export class ArchiveWriter {
  #file: FileHandle;
  #hash = createHash('sha256');
  #size = 0;
  #writes = new Set<Promise<void>>();
  /** what is on its way to the disk, and up to where */
  #flush: Promise<void> | undefined;
  #flushed = 0;
  #failure: { cause: unknown } | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  get size(): number {
    return this.#size;
  }

  /** `bytes` must stay as they are until `written` is called. Throws what an earlier write failed with. */
  append(bytes: Uint8Array, written: () => void): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
    const write = writeWhole(this.#file, bytes, this.#size)
      .catch((cause: unknown) => void (this.#failure ??= { cause }))
      .finally(() => {
        this.#writes.delete(write);
        written();
      });
    this.#writes.add(write);
    this.#size += bytes.length;
    this.#hash.update(bytes);
    if (this.#flush === undefined && this.#size - this.#flushed >= FLUSH_BYTES) this.#startFlush();
  }

  /** A failure is kept: the kernel reports it once, to this call and to no later one. */
  #startFlush(): void {
    this.#flushed = this.#size;
    this.#flush = this.#file
      .datasync()
      .catch((cause: unknown) => void (this.#failure ??= { cause }))
      .finally(() => (this.#flush = undefined));
  }

  /** Everything on disk; the SHA-256 of it in hex. */
  async finish(): Promise<string> {
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure.cause;
    await this.#file.sync();
    return this.#hash.digest('hex');
  }

  /** Waits for writes under way, so that their memory and file may go. */
  async settle(): Promise<void> {
    await Promise.all(this.#writes);
    await this.#flush;
  }
}
