/** The entries of a backup, and the content of one file. No lock is taken, because nothing changes. */
import { type ArchiveReader, openArchive } from '@gofr-backup/archive';
import { type ArchiveEntry, displayPath, type OperationContext } from '@gofr-backup/model';
import { archiveOptions } from './archive-options.ts';
import { repositoryOf } from './context.ts';

/** Every entry, or those at and below `path` (display form). `name`: a file name, or `latest`. */
export async function* files(
  ctx: OperationContext,
  name: string,
  path?: string,
): AsyncGenerator<ArchiveEntry, void> {
  const reader = await open(ctx, name);
  const wanted = path?.replace(/\/+$/, '');
  try {
    for await (const entry of reader.entries()) {
      const shown = displayPath(entry.path);
      if (!wanted || shown === wanted || shown.startsWith(`${wanted}/`)) yield entry;
    }
  } finally {
    await reader.close();
  }
}

/** The content of one regular file of a backup. */
export async function* cat(ctx: OperationContext, name: string, path: string): AsyncGenerator<Buffer, void> {
  const reader = await open(ctx, name);
  try {
    yield* reader.content(path);
  } finally {
    await reader.close();
  }
}

async function open(ctx: OperationContext, name: string): Promise<ArchiveReader> {
  const repository = await repositoryOf(ctx);
  const entry = await repository.find(name);
  return openArchive(archiveOptions(ctx, repository, entry));
}
