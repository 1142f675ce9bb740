/** What changed between two backups. No lock is taken, because nothing changes. */
import type { BackupIndex, KnownEntry } from '@gofr-backup/archive';
import { areSameXattrs, type BytePath, type OperationContext } from '@gofr-backup/model';
import { backupsHere, type Searched, type SearchedBackup } from './listing.ts';
import { hasSameContent } from './versions.ts';

/** In what an entry differs. */
export type Difference = 'type' | 'content' | 'target' | 'mode' | 'owner' | 'time' | 'xattrs';

export interface ChangedEntry {
  before: KnownEntry;
  after: KnownEntry;
  what: Difference[];
}

export interface DiffOutcome {
  /** file names */
  from: string;
  to: string;
  /** in the order of the archives */
  added: KnownEntry[];
  removed: KnownEntry[];
  changed: ChangedEntry[];
}

/** `from` and `to`: file names, or `latest`. `among`: absent, the backups here. */
export async function diff(
  ctx: OperationContext,
  from: string,
  to: string,
  { among }: { among?: Searched } = {},
): Promise<DiffOutcome> {
  const searched = among ?? (await backupsHere(ctx));
  const backups = [await searched.find(from), await searched.find(to)] as const;
  const [before, after] = await differingEntries(...backups);
  const [added, changed]: [KnownEntry[], ChangedEntry[]] = [[], []];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old === undefined) {
      added.push(entry);
      continue;
    }
    const what = differences(old, entry);
    if (what.length > 0) changed.push({ before: old, after: entry, what });
  }
  const removed = [...before.values()].filter(({ path }) => !after.has(path));
  return { from: backups[0].filename, to: backups[1].filename, added, removed, changed };
}

type Entries = Map<BytePath, KnownEntry>;

/** By path: of a name that an archive holds twice the last. Entries that both have alike may be left out. */
async function differingEntries(from: SearchedBackup, to: SearchedBackup): Promise<[Entries, Entries]> {
  const indexes = [await from.index(), await to.index()] as const;
  const read = (backup: SearchedBackup, index?: BackupIndex, other?: BackupIndex) => {
    if (!index) return backup.entries();
    return other ? index.entriesBeside(other) : index.entries();
  };
  return [await byPath(read(from, indexes[0], indexes[1])), await byPath(read(to, indexes[1], indexes[0]))];
}

async function byPath(entries: Iterable<KnownEntry> | AsyncIterable<KnownEntry>): Promise<Entries> {
  const found: Entries = new Map();
  for await (const entry of entries) found.set(entry.path, entry);
  return found;
}

function differences(a: KnownEntry, b: KnownEntry): Difference[] {
  if (a.type !== b.type) return ['type'];
  const differs: Partial<Record<Difference, boolean>> = {
    content: a.type === 'file' && !hasSameContent(a, b),
    target: a.linkTarget !== b.linkTarget,
    mode: a.mode !== b.mode,
    owner: a.uid !== b.uid || a.gid !== b.gid,
    time: a.mtimeNs !== b.mtimeNs,
    xattrs: !areSameXattrs(a.xattrs, b.xattrs),
  };
  return (Object.keys(differs) as Difference[]).filter((difference) => differs[difference]);
}
