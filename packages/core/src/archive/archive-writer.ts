/** Appends to the archive: hashes on the caller's thread while the writes before still run. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { writeWhole } from './whole-write.ts';

export class ArchiveWriter {
  #file: FileHandle;
  #hash = createHash('sha256');
  #size = 0;
  #writes = new Set<Promise<void>>();
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
  }

  /** Everything on disk; the SHA-256 of it in hex. */
  async finish(): Promise<string> {
    await Promise.all(this.#writes);
    if (this.#failure !== undefined) throw this.#failure.cause;
    await this.#file.sync();
    return this.#hash.digest('hex');
  }

  /** Waits for writes under way, so that their memory and file may go. */
  async settle(): Promise<void> {
    await Promise.all(this.#writes);
  }
}
