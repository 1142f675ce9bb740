/** A copy as an archive that is opened, without all of it being fetched: with its index, only what is asked for. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ArchiveReader,
  BEGINNING_BYTES,
  contentSpans,
  openArchive,
  openIndex,
  type StoredSpan,
} from '@gofr-backup/archive';
import type { ArchiveEntry, Ports } from '@gofr-backup/model';
import type { Offsite } from '../offsite.ts';
import { fillSpans } from './fill-spans.ts';
import type { Copies, StoredCopy } from './copies.ts';

export interface OpenedCopy extends AsyncDisposable {
  /** every entry in archive order */
  entries(): AsyncIterable<ArchiveEntry>;
  /** one regular file's content */
  content(path: string): AsyncIterable<Buffer>;
  /** what lies at and below `path` (absent: all) as a plain tar stream */
  tar(path?: string): AsyncIterable<Buffer>;
}

/** `directory`: empty, with room for what is fetched; the caller removes it. */
export async function openCopy(
  offsite: Offsite,
  copies: Copies,
  copy: StoredCopy,
  directory: string,
): Promise<OpenedCopy> {
  const archivePath = join(directory, 'archive');
  const indexPath = join(directory, 'index');
  const { clock, logger, progress, signal } = offsite;
  const how = { clock, logger, progress, signal, archivePath, indexPath, threads: 1 };
  const part = (await copies.fetchIndex(copy, indexPath))
    ? await PartialArchive.make(copies, copy, archivePath)
    : undefined;
  if (part !== undefined) {
    const reader = await openArchive(how);
    if (reader.indexed) return partly(reader, part, { indexPath, ports: offsite });
    await reader.close();
    await part.close();
  }
  const whole = join(directory, 'whole');
  await copies.fetchArchive(copy, whole);
  const reader = await openArchive({ ...how, archivePath: whole });
  return {
    entries: () => reader.entries(),
    content: (path) => reader.content(path),
    tar: (path) => reader.tar(path === undefined ? undefined : [path], offsite),
    [Symbol.asyncDispose]: () => reader.close(),
  };
}

function partly(
  reader: ArchiveReader,
  part: PartialArchive,
  { indexPath, ports }: { indexPath: string; ports: Ports },
): OpenedCopy {
  const fetch = async (path?: string): Promise<void> => {
    const { index, close } = await openIndex(indexPath);
    try {
      await part.fetch(contentSpans(index, path));
    } finally {
      await close();
    }
  };
  return {
    entries: () => reader.entries(),
    async *content(path) {
      await fetch(path);
      yield* reader.content(path);
    },
    async *tar(path) {
      await fetch(path);
      yield* reader.tar(path === undefined ? undefined : [path], ports);
    },
    async [Symbol.asyncDispose]() {
      await reader.close();
      await part.close();
    },
  };
}

/** A file as long as the archive, with holes where nothing was fetched. Every frame is proved by the index when it is read. */
class PartialArchive {
  readonly #copies: Copies;
  readonly #copy: StoredCopy;
  readonly #file: FileHandle;

  private constructor(copies: Copies, copy: StoredCopy, file: FileHandle) {
    this.#copies = copies;
    this.#copy = copy;
    this.#file = file;
  }

  static async make(copies: Copies, copy: StoredCopy, path: string): Promise<PartialArchive> {
    const file = await open(path, 'wx+', 0o600);
    const part = new PartialArchive(copies, copy, file);
    try {
      const { size } = copy.recipe.extents;
      await file.truncate(size);
      await part.fetch([{ offset: 0, length: Math.min(BEGINNING_BYTES, size) }]);
      return part;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async fetch(spans: readonly StoredSpan[]): Promise<void> {
    const { recipe } = this.#copy;
    const extents = spans.flatMap(({ offset, length }) => [...recipe.extents.within(offset, length)]);
    await fillSpans(recipe.packs, extents, this.#copies.packs, this.#file);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
