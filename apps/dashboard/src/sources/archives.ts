/** What is inside an archive, for listing and downloading; never more than a few are open at once. */
import { type ArchiveReader, openArchive, type OpenArchiveOptions } from '@gofr-backup/archive';
import type { Repository } from '@gofr-backup/core';
import { type BytePath, type CatalogueEntry, displayPath, noProgress } from '@gofr-backup/model';
import { directoryOf, type Directory } from '../view/tree.ts';
import { createGate } from './gate.ts';

const AT_ONCE = 3;

export interface Archives {
  /** throws what the engine throws: ARCHIVE_DAMAGED, ARCHIVE_HOSTILE, IO */
  directory(entry: CatalogueEntry, path: BytePath, signal: AbortSignal): Promise<Directory>;
  /** One regular file. The stream closes the archive at its end, however it ends. */
  content(entry: CatalogueEntry, path: BytePath, signal: AbortSignal): AsyncGenerator<Buffer>;
  /** What lies at and below the path, as a tar stream. */
  tar(entry: CatalogueEntry, path: BytePath, signal: AbortSignal): AsyncGenerator<Buffer>;
  path(entry: CatalogueEntry): string;
}

export function archivesOf(
  repository: Repository,
  how: Pick<OpenArchiveOptions, 'clock' | 'logger' | 'engine'>,
): Archives {
  const gate = createGate(AT_ONCE);
  const open = (entry: CatalogueEntry, signal: AbortSignal): Promise<ArchiveReader> =>
    openArchive({
      ...how,
      progress: noProgress,
      signal,
      archivePath: repository.pathOf(entry),
      indexPath: repository.indexPathOf(entry),
      threads: 1,
    });
  async function opened(entry: CatalogueEntry, signal: AbortSignal) {
    await using held = new AsyncDisposableStack();
    held.defer(await gate());
    const reader = await open(entry, signal);
    held.defer(() => reader.close());
    const all = held.move();
    return { reader, [Symbol.asyncDispose]: () => all.disposeAsync() };
  }
  async function* streamOf(
    entry: CatalogueEntry,
    signal: AbortSignal,
    read: (reader: ArchiveReader) => AsyncIterable<Buffer>,
  ): AsyncGenerator<Buffer> {
    await using archive = await opened(entry, signal);
    yield* read(archive.reader);
  }
  return {
    async directory(entry, path, signal) {
      await using archive = await opened(entry, signal);
      return await directoryOf(archive.reader.entries(), path);
    },
    content: (entry, path, signal) => streamOf(entry, signal, (reader) => reader.content(displayPath(path))),
    tar: (entry, path, signal) =>
      streamOf(entry, signal, (reader) =>
        reader.tar(path === '' ? undefined : [displayPath(path)], { signal, progress: noProgress }),
      ),
    path: (entry) => repository.pathOf(entry),
  };
}
