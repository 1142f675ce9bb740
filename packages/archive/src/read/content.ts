/** One file out of an archive. */
import { type ArchiveEntry, BackupError, type BytePath, displayPath } from '@gofr-backup/model';
import { noSuchPath, pathMatcher } from '../extract/entry-selection.ts';
import type { EntrySource, FoundEntry } from '../extract/entry-source.ts';
import type { FilePiece } from '../types.ts';

const ZEROS = Buffer.alloc(1 << 16);

/** From its beginning to its end, holes as zeros. Throws NO_SUCH_BACKUP when there is no such file, USAGE when it is none. */
export async function* contentOf(
  source: EntrySource,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { entry, ordinal } = await fileAt(source, path, signal);
  let at = 0;
  for await (const { offset, bytes } of source.pieces(ordinal, signal)) {
    yield* zeros(offset - at);
    yield bytes;
    at = offset + bytes.length;
  }
  yield* zeros(entry.size - at);
}

/** Throws likewise. */
export async function* piecesOf(
  source: EntrySource,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<FilePiece> {
  const { ordinal } = await fileAt(source, path, signal);
  yield* source.pieces(ordinal, signal);
}

function* zeros(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}

async function fileAt(source: EntrySource, path: string, signal: AbortSignal): Promise<FoundEntry> {
  let found = await source.find(pathMatcher(path), signal);
  // A target comes before its links, so this ends. A link that breaks the rule finds nothing.
  for (let hops = 0; found?.entry.type === 'hardlink' && hops < 10; hops++) {
    const target: BytePath = found.entry.linkTarget!;
    found = await source.find((candidate) => candidate === target, signal, found.ordinal);
  }
  if (found === undefined) throw noSuchPath(path);
  if (found.entry.type !== 'file') throw notAFile(found.entry);
  return found;
}

function notAFile({ path, type, linkTarget }: ArchiveEntry): BackupError {
  return new BackupError('USAGE', `"${displayPath(path)}" is a ${type}, not a regular file.`, {
    why:
      linkTarget === undefined
        ? 'A directory has no content of its own.'
        : `It leads to "${displayPath(linkTarget)}".`,
    hint: 'Name a regular file; see `gofr-backup files NAME`.',
  });
}
