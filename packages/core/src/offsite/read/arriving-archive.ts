/** An archive that is put together from its packs. What has arrived can be read already; the whole is proved at its end. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Arrival } from '@gofr-backup/archive';
import { BackupError, type Ports } from '@gofr-backup/model';
import type { SignedRecipe } from '../recipe/parse.ts';
import { fillSpans } from './fill-spans.ts';
import { damagedPack, type PackReader } from './pack-reader.ts';
import { toOffsiteError } from '../store-failure.ts';
import { WrittenRanges } from './written-ranges.ts';

const READ_BYTES = 1 << 20;

/** `name`: of the store. */
type Of = Ports & { name: string };

export class ArrivingArchive implements Arrival, AsyncDisposable {
  readonly #recipe: SignedRecipe;
  readonly #packs: PackReader;
  readonly #file: FileHandle;
  readonly #of: Of;
  readonly #written = new WrittenRanges();
  readonly #waiting = new Set<{ end: number; wake: () => void }>();
  readonly #filled: Promise<void>;
  readonly #proved: Promise<void>;
  #bytes = 0;
  /** somebody waits for all of it, and hears how far it is */
  #isAwaited = false;
  readonly #left = new AbortController();

  /** `path` must be free. Whoever leaves it before it is whole removes it. */
  static async begin(
    recipe: SignedRecipe,
    packs: PackReader,
    path: string,
    of: Of,
  ): Promise<ArrivingArchive> {
    const file = await open(path, 'wx+', 0o600);
    try {
      await file.truncate(recipe.extents.size);
      return new ArrivingArchive(recipe, packs, file, of);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(recipe: SignedRecipe, packs: PackReader, file: FileHandle, of: Of) {
    this.#recipe = recipe;
    this.#packs = packs.endedBy(this.#left.signal);
    this.#file = file;
    this.#of = of;
    this.#filled = this.#fill();
    this.#proved = this.#prove();
    // who asks for it hears of a failure
    for (const ending of [this.#filled, this.#proved]) ending.catch(() => {});
  }

  get size(): number {
    return this.#recipe.extents.size;
  }

  /** bytes that have not come */
  get missing(): number {
    return this.size - this.#bytes;
  }

  /** Resolves when every byte before `end` is in the file; those are not proved yet. Throws as `whole`. */
  async until(end: number): Promise<void> {
    if (this.#written.whole >= end) return;
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    const waiting = { end, wake };
    this.#waiting.add(waiting);
    await Promise.race([promise, this.#filled]).finally(() => this.#waiting.delete(waiting));
  }

  /** Resolves when all of the file is the archive of the recipe, by its SHA-256. Throws ARCHIVE_DAMAGED, or what the store threw. */
  async whole(): Promise<void> {
    this.#isAwaited = true;
    await this.#filled;
    await this.#proved;
  }

  /** Resolves when the disk has it. */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#left.abort();
    await Promise.allSettled([this.#filled, this.#proved]);
    await this.#file.close();
  }

  async #fill(): Promise<void> {
    const { extents, packs } = this.#recipe;
    try {
      await fillSpans(packs, extents, this.#packs, this.#file, (at, length) => this.#came(at, length));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): BackupError {
    return toOffsiteError(error, `fetching ${this.#recipe.entry.filename} from the store ${this.#of.name}`);
  }

  #came(at: number, length: number): void {
    this.#of.signal.throwIfAborted();
    this.#left.signal.throwIfAborted();
    this.#written.add(at, length);
    this.#bytes += length;
    if (this.#isAwaited)
      this.#of.progress({ phase: 'fetch', bytes: this.#bytes, totalBytes: this.size, files: 0 });
    for (const { end, wake } of this.#waiting) if (end <= this.#written.whole) wake();
  }

  async #prove(): Promise<void> {
    const { size_bytes, sha256 } = this.#recipe.entry;
    const sum = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (let at = 0; at < this.size;) {
      const length = Math.min(buffer.length, this.size - at);
      await this.until(at + length);
      const { bytesRead } = await this.#file.read(buffer, 0, length, at);
      if (bytesRead === 0) break;
      sum.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    if (this.size !== size_bytes || sum.digest('hex') !== sha256)
      throw await this.#damage().catch((error: unknown) => this.#failure(error));
  }

  /** Names the pack, where it is one. */
  async #damage(): Promise<BackupError> {
    for (const pack of this.#recipe.packs) {
      const why = await this.#packs.problem(pack);
      if (why !== undefined) return damagedPack(pack, why);
    }
    return new BackupError('ARCHIVE_DAMAGED', `The copy of ${this.#recipe.entry.filename} is damaged`, {
      why: 'what its recipe puts together is not the archive',
      hint: 'Use another copy, or a local backup. Look at the store with `gofr-backup verify --store …`.',
    });
  }
}
