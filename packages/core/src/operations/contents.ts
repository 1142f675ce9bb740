/** The entries of a backup, and the content of its files. No lock is taken, because nothing changes. */
import { type ArchiveReader, noSuchPath, openArchive } from '@gofr-backup/archive';
import { type ArchiveEntry, displayPath, type OperationContext } from '@gofr-backup/model';
import { archiveOptions } from './archive-options.ts';
import { repositoryOf } from './context.ts';
import { entryPath } from './search/index.ts';

/**
 * Every entry, or those at and below `path` (display form, or a place on the disk below a component). `name`: a file name,
 * or `latest`. NO_SUCH_BACKUP when nothing lies there.
 */
export async function* files(
  ctx: OperationContext,
  name: string,
  path?: string,
): AsyncGenerator<ArchiveEntry, void> {
  const reader = await open(ctx, name);
  try {
    yield* entriesBelow(reader.entries(), path && entryPath(ctx.plan, path), path);
  } finally {
    await reader.close();
  }
}

/** All, or those at and below `wanted` (display form). NO_SUCH_BACKUP when nothing lies there, which names `asked`. */
export async function* entriesBelow(
  entries: AsyncIterable<ArchiveEntry>,
  wanted: string | undefined,
  asked = wanted,
): AsyncGenerator<ArchiveEntry, void> {
  let found = !wanted;
  for await (const entry of entries) {
    const shown = displayPath(entry.path);
    if (wanted && shown !== wanted && !shown.startsWith(`${wanted}/`)) continue;
    found = true;
    yield entry;
  }
  if (!found) throw noSuchPath(asked!);
}

/** The content of one regular file of a backup. */
export async function* cat(ctx: OperationContext, name: string, path: string): AsyncGenerator<Buffer, void> {
  const reader = await open(ctx, name);
  try {
    yield* reader.content(entryPath(ctx.plan, path));
  } finally {
    await reader.close();
  }
}

/**
 * A backup, or what lies at and below `path` in it, as a plain tar stream. It breaks off where the archive is damaged.
 * NO_SUCH_BACKUP when nothing lies there.
 */
export async function* exportTar(
  ctx: OperationContext,
  name: string,
  path?: string,
): AsyncGenerator<Buffer, void> {
  const reader = await open(ctx, name);
  try {
    const wanted = path && entryPath(ctx.plan, path);
    yield* reader.tar(wanted ? [wanted] : undefined, ctx);
  } finally {
    await reader.close();
  }
}

async function open(ctx: OperationContext, name: string): Promise<ArchiveReader> {
  const repository = await repositoryOf(ctx);
  const entry = await repository.find(name);
  return openArchive(archiveOptions(ctx, repository, entry));
}
