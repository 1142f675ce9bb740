/** Of one path over many backups: which of them hold the same. */
import type { KnownEntry } from '@gofr-backup/archive';

const SECOND = 1_000_000_000n;

/** Whether two entries of one path have the same content. Where only an archive could tell, size and time decide. */
export function hasSameContent(a: KnownEntry, b: KnownEntry): boolean {
  if (a.type !== b.type || a.size !== b.size) return false;
  if (a.type !== 'file') return a.linkTarget === b.linkTarget;
  const comparable = a.content !== undefined && b.content !== undefined && isSliced(a) === isSliced(b);
  return comparable ? a.content === b.content : a.mtimeNs / SECOND === b.mtimeNs / SECOND;
}

/** The hash of a file's content as a person knows it; null where the index tells slices only, or there is no file. */
export const sha256Of = ({ content }: KnownEntry): string | null =>
  content === undefined || content.startsWith('slices') ? null : content;

const isSliced = ({ content = '' }: KnownEntry): boolean => content.startsWith('slices');

/** An entry, or none, in each backup of a row. */
export interface Occurrence {
  filename: string;
  entry: KnownEntry | undefined;
}

export interface Version {
  entry: KnownEntry;
  /** file names, in the order of the row */
  backups: string[];
}

/** Runs of the same content, in the order of the row; a backup without the entry ends one. */
export function versionsOf(row: Iterable<Occurrence>): Version[] {
  const versions: Version[] = [];
  let open: Version | undefined;
  for (const { filename, entry } of row) {
    if (entry === undefined) open = undefined;
    else if (open && hasSameContent(open.entry, entry)) open.backups.push(filename);
    else versions.push((open = { entry, backups: [filename] }));
  }
  return versions;
}
