/** The catalogue: the directories' archives, joined with what the manifest and the sidecars know of them. */
import { rename } from 'node:fs/promises';
import type { CatalogueEntry } from '../catalogue.ts';
import { syncDirectory, writeAtomically } from './atomic.ts';
import { readChecksum } from './checksum.ts';
import { manifestPath } from './layout.ts';
import { heldLock } from './lock.ts';
import { formatManifest, parseEntry, parseManifest, parseObject } from './manifest.ts';
import type { ReadManifest, Records } from './manifest.ts';
import { instantOf, isoUtc } from './names.ts';
import type { RepositoryOptions } from './repository.ts';
import { ownership } from './ownership.ts';
import type { ForeignBackups, Ownership } from './ownership.ts';
import { scanTiers } from './scan.ts';
import type { FoundArchive } from './scan.ts';
import { readSmallFile } from './small-file.ts';

export interface ReadCatalogue {
  /** newest first */
  entries: CatalogueEntry[];
  archives: ReadonlyMap<string, FoundArchive>;
  /** the manifest on disk does not say this; writing it would change it */
  outdated: boolean;
  damage?: string;
  /** of other projects, which write here too */
  foreign: ForeignBackups[];
  manifest: ReadManifest;
}

export async function readCatalogue(options: RepositoryOptions): Promise<ReadCatalogue> {
  const content = await readSmallFile(manifestPath(options.backupDir));
  const scan = await scanTiers(options.backupDir);
  const { owns, foreign } = ownership(options, scan);
  const manifest = readManifest(options, content, owns);
  const ours = scan.archives.filter(({ name }) => owns(name.prefix));
  const entries = await Promise.all(ours.map((archive) => join(archive, manifest.records, options)));
  const known = ours.filter((archive) => manifest.records.has(archive.filename)).length;
  return {
    entries: entries.sort(newestFirst),
    archives: new Map(ours.map((archive) => [archive.filename, archive])),
    outdated: manifest.damage !== undefined || known !== ours.length || known !== manifest.records.size,
    ...(manifest.damage === undefined ? {} : { damage: manifest.damage }),
    foreign,
    manifest,
  };
}

/**
 * Reads, changes and writes the manifest, atomically and only while the lock is held. A damaged manifest is set aside
 * first. Entries without an archive are not written: directories are the truth. Those of other projects stay as they are.
 */
export async function changeCatalogue(
  options: RepositoryOptions & { stateDir: string },
  change: (entries: CatalogueEntry[]) => CatalogueEntry[],
): Promise<CatalogueEntry[]> {
  const lock = requireLock(options);
  const read = await readCatalogue(options);
  const entries = change(read.entries)
    .filter((entry) => read.archives.has(entry.filename))
    .sort(newestFirst);
  if (lock.readOnly) return entries;
  if (read.damage !== undefined) await setAside(options, read.damage);
  const { others } = read.manifest;
  const content = formatManifest(options.project, isoUtc(options.clock.now()), entries, others);
  await writeAtomically(manifestPath(options.backupDir), content, { beforeRename: lock.check });
  return entries;
}

export function requireLock(options: { stateDir: string }) {
  const lock = heldLock(options);
  if (lock === undefined) throw new Error('the backup directory is only changed by who holds its lock');
  return lock;
}

const newestFirst = (a: CatalogueEntry, b: CatalogueEntry): number =>
  compare(b.created_at ?? b.timestamp, a.created_at ?? a.timestamp) || compare(b.filename, a.filename);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function readManifest(
  options: RepositoryOptions,
  content: string | undefined,
  owns: Ownership['owns'],
): ReadManifest {
  if (content === undefined) return { records: new Map(), others: {} };
  const manifest = parseManifest(content, owns);
  if (manifest.damage !== undefined)
    options.logger.warn(
      { why: manifest.damage },
      'manifest is damaged; its gaps are read from the directory',
    );
  return manifest;
}

async function setAside(options: RepositoryOptions, why: string): Promise<void> {
  const path = manifestPath(options.backupDir);
  const stamp = isoUtc(options.clock.now()).replaceAll(/[-:]/g, '');
  const aside = `${path}.damaged-${stamp}-${crypto.randomUUID().slice(0, 8)}`;
  await rename(path, aside);
  await syncDirectory(options.backupDir);
  options.logger.warn({ why, aside }, 'damaged manifest set aside');
}

async function join(
  archive: FoundArchive,
  records: Records,
  options: RepositoryOptions,
): Promise<CatalogueEntry> {
  const recorded = records.get(archive.filename) ?? (await readFacts(archive));
  const entry = { ...fromFile(archive, recorded, options), ...known(archive, recorded) };
  if (entry.sha256 !== undefined) return entry;
  const checksum = await readChecksum(`${archive.path}.sha256`, archive.filename);
  return checksum.kind === 'hash' ? { ...entry, sha256: checksum.sha256 } : entry;
}

/** What name and file alone say. */
function fromFile(
  archive: FoundArchive,
  recorded: CatalogueEntry | undefined,
  options: RepositoryOptions,
): CatalogueEntry {
  const timezone = recorded?.timezone ?? options.timezone;
  return {
    filename: archive.filename,
    filepath: archive.path,
    tier: archive.tier,
    timestamp: archive.name.timestamp,
    size_bytes: archive.size,
    verified: false,
    status: 'unverified',
    created_at: recorded?.created_at ?? isoUtc(instantOf(archive.name.timestamp, timezone, archive.mtime)),
    timezone,
    compression: archive.name.compression,
  };
}

/** A record of a file of another size proves nothing about this one; only bad news is kept of it. */
function known(archive: FoundArchive, recorded: CatalogueEntry | undefined): Partial<CatalogueEntry> {
  if (recorded === undefined) return {};
  const { filepath: _elsewhere, timestamp: _sameAsName, ...facts } = recorded;
  if (recorded.size_bytes === archive.size) return facts;
  const status = facts.status === 'good' ? 'unverified' : facts.status;
  return { ...facts, size_bytes: archive.size, verified: false, status };
}

/** The `.json` sidecar: the entry as it was committed, for a lost manifest. It can say incomplete, but never good. */
async function readFacts(archive: FoundArchive): Promise<CatalogueEntry | undefined> {
  const content = await readSmallFile(`${archive.path}.json`);
  const entry = content === undefined ? undefined : parseEntry(archive.filename, parseObject(content));
  if (entry === undefined) return undefined;
  const { verified_at: _read, last_drill_at: _drilled, last_drill_ok: _well, ...facts } = entry;
  return { ...facts, verified: false, status: facts.status === 'incomplete' ? 'incomplete' : 'unverified' };
}
