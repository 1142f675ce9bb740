/** What is inside an archive, for listing and downloading; never more than a few are open at once. */
import { type ArchiveReader, openArchive, type OpenArchiveOptions } from '@gofr-backup/archive';
import type { Repository } from '@gofr-backup/core';
import { type BytePath, type CatalogueEntry, displayPath, noProgress } from '@gofr-backup/model';
import { directoryOf, type Directory } from '../view/tree.ts';

const AT_ONCE = 3;

export interface Archives {
  /** throws what the engine throws: ARCHIVE_DAMAGED, ARCHIVE_HOSTILE, IO */
  directory(entry: CatalogueEntry, path: BytePath, signal: AbortSignal): Promise<Directory>;
  /** One regular file. The stream closes the archive at its end, however it ends. */
  content(entry: CatalogueEntry, path: BytePath, signal: AbortSignal): AsyncGenerator<Buffer>;
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
  return {
    async directory(entry, path, signal) {
      const leave = await gate();
      try {
        const reader = await open(entry, signal);
        try {
          return await directoryOf(reader.entries(), path);
        } finally {
          await reader.close();
        }
      } finally {
        leave();
      }
    },
    async *content(entry, path, signal) {
      const leave = await gate();
      try {
        const reader = await open(entry, signal);
        try {
          yield* reader.content(displayPath(path));
        } finally {
          await reader.close();
        }
      } finally {
        leave();
      }
    },
    path: (entry) => repository.pathOf(entry),
  };
}

/** Lets `width` in at a time, the others in the order they came. Resolves to the way out. */
function createGate(width: number): () => Promise<() => void> {
  const queue: (() => void)[] = [];
  let inside = 0;
  const leave = () => {
    const next = queue.shift();
    if (next) next();
    else inside--;
  };
  return async () => {
    if (inside < width) inside++;
    else await new Promise<void>((resolve) => queue.push(resolve));
    return leave;
  };
}
