/** The states of a path and of all below it, over the backups: when it was how. No lock is taken, because nothing changes. */
import type { KnownEntry } from '@gofr-backup/archive';
import {
  type BytePath,
  displayPath,
  milliseconds,
  type OperationContext,
  toBytePath,
} from '@gofr-backup/model';
import { backupsHere, indexedMatches, nothingFound, type SearchedBackup, SharedSearch } from './listing.ts';
import { entryPath } from './pattern.ts';
import { hasSameContent } from './versions.ts';

/** What became of the files, against the state before. */
export interface StateChange {
  added: number;
  changed: number;
  removed: number;
}

export interface PathState {
  /** file names of a run of backups that hold it so, newest first */
  backups: string[];
  /** 0: the path is not there */
  entries: number;
  /** all but directories */
  files: number;
  bytes: number;
  /** of a single file: ISO 8601 UTC */
  mtime?: string;
  /** absent for the oldest known */
  change?: StateChange;
}

export interface StatesOutcome {
  /** in display form, as it is in the archives */
  path: string;
  kind: 'folder' | 'file';
  /** newest first */
  states: PathState[];
  /** how many backups were looked into; older ones are left out when they are many */
  looked: number;
  /** left out because they have no index, and would have to be read whole */
  unindexed: number;
  total: number;
}

/** More entries than this are not compared for one answer; the newest backups come first. */
const MOST_ENTRIES = 1_000_000;
const MOST_BACKUPS = 400;

/** `path` in display form, or a place on the disk below a component. NO_SUCH_BACKUP when no backup holds it. */
export async function states(ctx: OperationContext, path: string): Promise<StatesOutcome> {
  const searched = await backupsHere(ctx);
  const wanted = entryPath(ctx.plan, path);
  const row = new Row();
  const search = new SharedSearch(isBelow(wanted));
  const count = { looked: 0, unindexed: 0, total: searched.backups.length };
  for (const backup of searched.backups.slice(0, MOST_BACKUPS)) {
    ctx.signal.throwIfAborted();
    if (row.read > MOST_ENTRIES) break;
    if (!row.isAsBefore(backup)) {
      const entries = await indexedMatches(backup, search);
      if (entries) row.add(backup, new Map(Iterator.from(entries).map((entry) => [entry.path, entry])));
      else count.unindexed++;
    }
    count.looked++;
  }
  const found = row.finish();
  if (found.length === 0) throw nothingFound(path, searched);
  return { path: wanted, kind: row.kind, states: found, ...count };
}

/** Whether a path is the one asked for in display form, or lies below it. */
function isBelow(wanted: string): (path: BytePath) => boolean {
  const shown = wanted.includes(String.raw`\x`);
  const itself = shown ? wanted : toBytePath(wanted);
  return (path) => {
    const own = shown ? displayPath(path) : path;
    return own.startsWith(itself) && (own.length === itself.length || own[itself.length] === '/');
  };
}

type Entries = ReadonlyMap<BytePath, KnownEntry>;

/** From the newest backup to the oldest; only the entries of the last one are held. */
class Row {
  kind: StatesOutcome['kind'] = 'folder';
  read = 0;
  readonly #states: PathState[] = [];
  #last: { entries: Entries; sha256: string | undefined } | undefined;

  /** Notes another name of the archive that was read last. */
  isAsBefore({ filename, sha256 }: SearchedBackup): boolean {
    if (sha256 === undefined || this.#last?.sha256 !== sha256) return false;
    this.#states.at(-1)!.backups.push(filename);
    return true;
  }

  add({ filename, sha256 }: SearchedBackup, entries: Entries): void {
    this.read += entries.size;
    const newer = this.#states.at(-1);
    const change = newer && changeBetween(entries, this.#last!.entries);
    this.#last = { entries, sha256 };
    if (newer && change === undefined) return void newer.backups.push(filename);
    if (newer && change) newer.change = change;
    const state = stateOf(filename, entries);
    if (this.#states.every(({ entries: count }) => count === 0) && state.mtime) this.kind = 'file';
    this.#states.push(state);
  }

  /** Before the oldest backup that holds it there is nothing to tell. */
  finish(): PathState[] {
    while (this.#states.at(-1)?.entries === 0) this.#states.pop();
    return this.#states;
  }
}

function stateOf(filename: string, entries: Entries): PathState {
  const files = [...entries.values()].filter(({ type }) => type !== 'directory');
  const [only] = entries.size === 1 ? files : [];
  return {
    backups: [filename],
    entries: entries.size,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    ...(only && { mtime: new Date(milliseconds(only.mtimeNs)).toISOString() }),
  };
}

/** Undefined: nothing but attributes differs. */
function changeBetween(before: Entries, after: Entries): StateChange | undefined {
  const change = { added: 0, changed: 0, removed: 0 };
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === undefined) change.added += weight(entry);
    else if (!hasSameContent(old, entry)) change.changed++;
  }
  for (const [path, entry] of before) if (!after.has(path)) change.removed += weight(entry);
  const isSame = change.added + change.changed + change.removed === 0;
  return isSame && before.size > 0 === after.size > 0 ? undefined : change;
}

const weight = ({ type }: KnownEntry): number => (type === 'directory' ? 0 : 1);
