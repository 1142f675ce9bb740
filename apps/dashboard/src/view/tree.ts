/** One directory of an archive, as a browser would list it. */
import type { ArchiveEntry, BytePath, EntryType } from '@gofr-backup/model';

export interface TreeRow {
  name: BytePath;
  path: BytePath;
  type: EntryType;
  /** of a directory: everything below it */
  size: number;
  files: number;
  mode?: number;
  mtimeMs?: number;
  linkTarget?: BytePath;
}

/** Rows a directory page holds; what is beyond is counted, not kept. */
const MOST_ROWS = 5000;

export interface Directory {
  rows: TreeRow[];
  /** direct children left out */
  omitted: number;
  found: boolean;
}

/**
 * Reads all entries once and keeps only the direct children of `parent` ('' for the top), so memory does not grow
 * with the archive. Directories that have no entry of their own appear because something lies below them.
 */
export async function directoryOf(
  entries: AsyncIterable<ArchiveEntry>,
  parent: BytePath,
): Promise<Directory> {
  const prefix = parent === '' ? '' : `${parent}/`;
  const rows = new Map<BytePath, TreeRow>();
  let omitted = 0;
  let found = parent === '';
  for await (const entry of entries) {
    if (entry.path === parent) found = true;
    if (!entry.path.startsWith(prefix) || entry.path === parent) continue;
    found = true;
    const slash = entry.path.indexOf('/', prefix.length);
    const name = entry.path.slice(prefix.length, slash === -1 ? undefined : slash);
    const row = rows.get(name);
    if (row) add(row, entry, slash === -1);
    else if (rows.size < MOST_ROWS) rows.set(name, newRow(prefix + name, name, entry, slash === -1));
    else omitted++;
  }
  return { rows: [...rows.values()].sort(byKindAndName), omitted, found };
}

function newRow(path: BytePath, name: BytePath, entry: ArchiveEntry, own: boolean): TreeRow {
  const row: TreeRow = { name, path, type: own ? entry.type : 'directory', size: 0, files: 0 };
  add(row, entry, own);
  return row;
}

function add(row: TreeRow, entry: ArchiveEntry, own: boolean): void {
  row.size += entry.size;
  if (entry.type !== 'directory') row.files++;
  if (!own) return;
  row.mode = entry.mode;
  row.mtimeMs = Number(entry.mtimeNs / 1_000_000n);
  if (entry.linkTarget !== undefined) row.linkTarget = entry.linkTarget;
}

function byKindAndName(a: TreeRow, b: TreeRow): number {
  const kind = Number(b.type === 'directory') - Number(a.type === 'directory');
  return kind || (a.name < b.name ? -1 : 1);
}

/** A byte path for an address: every byte that is not plain is %XX, so any file name can be asked for. */
export function encodeBytePath(path: BytePath): string {
  return path.replace(
    /[^A-Za-z0-9._/-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );
}

/** The inverse, from the raw text of an address; `+` is itself. Undefined when it is not such a path. */
export function decodeBytePath(text: string): BytePath | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text) || /[^\x20-\x7e]/.test(text)) return undefined;
  const path = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const steps = path.split('/');
  const plain = path === '' || steps.every((step) => step !== '' && step !== '.' && step !== '..');
  return plain && !path.includes('\0') ? path : undefined;
}
