/** The catalogue: the directories' archives, joined with what the manifest and the sidecars know of them. */
import { rename } from 'node:fs/promises';
import type { CatalogueEntry } from '@gofr-backup/model';
import { writeAtomically } from '../atomic.ts';
import { syncDirectory } from '@gofr-backup/posix';
import { readChecksum } from '../checksum.ts';
import { KnownCatalogue } from './known-catalogue.ts';
import { manifestPath } from '../layout.ts';
import { formatManifest, parseEntry, parseManifest, parseObject } from './manifest.ts';
import type { ReadManifest } from './manifest.ts';
import { instantOf, isoUtc } from '../names.ts';
import type { RepositoryOptions } from '../options.ts';
import { ownership } from './ownership.ts';
import type { Ownership } from './ownership.ts';
import { inBatches } from './scan.ts';
import type { FoundArchive, Scan } from './scan.ts';
import { readUnlessClosed } from '../small-file.ts';

/** The next write sets it aside, because it may hold records that only its owner can read. */
const CLOSED = 'another user wrote it, and this one may not read it';

export interface ReadCatalogue {
  known: KnownCatalogue;
  /** the manifest on disk says something else */
  outdated: boolean;
  damage?: string;
  /** records of other projects, as they stand */
  others: ReadManifest['others'];
}

/** Entries without an archive are left out: directories are the truth. */
export async function readCatalogue(options: RepositoryOptions, scan: Scan): Promise<ReadCatalogue> {
  const file = await readUnlessClosed(manifestPath(options.backupDir));
  const whose = ownership(options, scan);
  const manifest = readManifest(options, file, whose.owns);
  const ours = scan.archives.filter(({ name }) => whose.owns(name.prefix));
  for (const path of scan.others)
    options.logger.warn({ path }, 'it has the name of an archive and is no file: it is left alone');
  const known = new KnownCatalogue(whose, manifest.project);
  const recordOf = ({ filename }: FoundArchive) => manifest.records.get(filename);
  const describe = async (archive: FoundArchive) =>
    known.put(await describeArchive(archive, recordOf(archive), options), archive);
  const others: FoundArchive[] = [];
  for (const archive of ours) {
    const record = recordOf(archive);
    if (record !== undefined && saysAll(record, archive)) known.put(record, archive);
    else others.push(archive);
  }
  for (const archives of inBatches(others)) await Promise.all(archives.map(describe));
  const recorded = ours.filter((archive) => manifest.records.has(archive.filename)).length;
  return {
    known,
    outdated: manifest.damage !== undefined || recorded !== ours.length || recorded !== manifest.records.size,
    ...(manifest.damage === undefined ? {} : { damage: manifest.damage }),
    others: manifest.others,
  };
}

/**
 * Writes the manifest; a damaged one is set aside first. Records of other projects stay as they are. `check` is the
 * last chance to refuse.
 */
export async function writeCatalogue(
  options: RepositoryOptions,
  { known, damage, others }: ReadCatalogue,
  check: () => Promise<void>,
): Promise<void> {
  if (damage !== undefined) await setAside(options, damage);
  const content = formatManifest(options.project, isoUtc(options.clock.now()), known.list(), others);
  await writeAtomically(manifestPath(options.backupDir), content, { beforeRename: check });
}

function readManifest(
  options: RepositoryOptions,
  { content, closed }: { content?: string; closed: boolean },
  owns: Ownership['owns'],
): ReadManifest {
  const nothing = { records: new Map(), others: {} };
  if (content === undefined && !closed) return nothing;
  const manifest = content === undefined ? { ...nothing, damage: CLOSED } : parseManifest(content, owns);
  if (manifest.damage !== undefined)
    options.logger.warn(
      { why: manifest.damage },
      'the manifest cannot be used as it is; its gaps are read from the directory',
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

/** The entry from file, record and sidecars together. Without a record the `.json` sidecar is read. */
export async function describeArchive(
  archive: FoundArchive,
  record: CatalogueEntry | undefined,
  options: RepositoryOptions,
): Promise<CatalogueEntry> {
  const recorded = record ?? (await readFacts(archive));
  const entry = { ...fromFile(archive, recorded, options), ...known(archive, recorded) };
  if (entry.sha256 !== undefined) return entry;
  const checksum = await readChecksum(`${archive.path}.sha256`, archive.filename);
  return checksum.kind === 'hash' ? { ...entry, sha256: checksum.sha256 } : entry;
}

/** Whether the record is complete and agrees with the file. Nearly all records do, and there may be thousands. */
const saysAll = (record: CatalogueEntry, archive: FoundArchive): boolean =>
  record.size_bytes === archive.size &&
  record.filepath === archive.path &&
  record.timestamp === archive.name.timestamp &&
  record.created_at !== undefined &&
  record.timezone !== undefined &&
  record.compression !== undefined &&
  record.sha256 !== undefined;

/** The entry that follows from name and file alone. */
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

/**
 * The facts of a record. When the file has another size, the record no longer proves it good or verified; a bad
 * status stays.
 */
function known(archive: FoundArchive, recorded: CatalogueEntry | undefined): Partial<CatalogueEntry> {
  if (recorded === undefined) return {};
  const { filepath: _elsewhere, timestamp: _sameAsName, ...facts } = recorded;
  if (recorded.size_bytes === archive.size) return facts;
  const status = facts.status === 'good' ? 'unverified' : facts.status;
  return { ...facts, size_bytes: archive.size, verified: false, status };
}

/** The `.json` sidecar: the entry as it was committed, for a lost manifest. It can say incomplete, but never good. */
async function readFacts(archive: FoundArchive): Promise<CatalogueEntry | undefined> {
  const { content } = await readUnlessClosed(`${archive.path}.json`);
  const entry = content === undefined ? undefined : parseEntry(archive.filename, parseObject(content));
  if (entry === undefined) return undefined;
  const { verified_at: _read, last_drill_at: _drilled, last_drill_ok: _well, ...facts } = entry;
  return { ...facts, verified: false, status: facts.status === 'incomplete' ? 'incomplete' : 'unverified' };
}
