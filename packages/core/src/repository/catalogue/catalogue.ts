/** The catalogue: the directories' archives, joined with what the manifest and the sidecars know of them. */
import { rename } from 'node:fs/promises';
import type { CatalogueEntry } from '@gofr-backup/model';
import { syncDirectory } from '@gofr-backup/posix';
import { writeAtomically } from '../atomic.ts';
import { adoptedEntry } from './adopted-entry.ts';
import { readChecksum } from '../checksum.ts';
import { readFacts } from './facts.ts';
import { KnownCatalogue } from './known-catalogue.ts';
import { manifestPath } from '../layout.ts';
import { formatManifest, noManifest, parseManifest, parseSignedList } from './manifest.ts';
import type { ReadManifest } from './manifest.ts';
import { instantOf, isoUtc } from '../names.ts';
import type { RepositoryOptions } from '../options.ts';
import { ownership } from './ownership.ts';
import type { Ownership } from './ownership.ts';
import { inBatches } from './scan.ts';
import type { FoundArchive, Scan } from './scan.ts';
import { signedRecords, signList } from './signed-records.ts';
import { readSigningKey, signingKey } from './signing-key.ts';
import type { SigningKey } from './signing-key.ts';
import { readUnlessClosed } from '../small-file.ts';

/** The next write sets it aside, because it may hold records that only its owner can read. */
const CLOSED = 'another user wrote it, and this one may not read it';

export interface ReadCatalogue {
  known: KnownCatalogue;
  /** the manifest on disk says something else */
  outdated: boolean;
  damage?: string;
  /** records and signatures of other projects, as they stand */
  others: Pick<ReadManifest, 'others' | 'signatures'>;
}

/** Entries without an archive are left out: directories are the truth. */
export async function readCatalogue(options: RepositoryOptions, scan: Scan): Promise<ReadCatalogue> {
  const file = await readUnlessClosed(manifestPath(options.backupDir));
  const key = await readSigningKey(options);
  const whose = ownership(options, scan);
  const manifest = readManifest(options, file, whose.owns);
  const ours = scan.archives.filter(({ name }) => whose.owns(name.prefix));
  for (const path of scan.others)
    options.logger.warn({ path }, 'it has the name of an archive and is no file: it is left alone');
  const known = new KnownCatalogue(whose, manifest.project);
  const { records, damage } = manifest;
  const signed = signedIn(options, manifest, key);
  const others: FoundArchive[] = [];
  for (const archive of ours) {
    const record = records.get(archive.filename);
    if (record !== undefined && signed.has(archive.filename) && saysAll(record, archive))
      known.put(record, archive);
    else others.push(archive);
  }
  const describe = async (archive: FoundArchive) => {
    const record = records.get(archive.filename);
    known.put(
      await describeArchive(archive, { record, signed: signed.has(archive.filename), key }, options),
      archive,
    );
  };
  for (const archives of inBatches(others)) await Promise.all(archives.map(describe));
  const recorded = ours.filter(({ filename }) => signed.has(filename) && records.has(filename)).length;
  return {
    known,
    outdated: damage !== undefined || recorded !== ours.length || recorded !== records.size,
    ...(damage === undefined ? {} : { damage }),
    others: { others: manifest.others, signatures: manifest.signatures },
  };
}

/**
 * Writes the manifest; a damaged one is set aside first. What is of other projects stays as it is. `check` is the
 * last chance to refuse.
 */
export async function writeCatalogue(
  options: RepositoryOptions,
  { known, damage, others }: ReadCatalogue,
  check: () => Promise<void>,
): Promise<void> {
  if (damage !== undefined) await setAside(options, damage);
  const { prefix, project } = options;
  const key = await signingKey(options);
  const { [prefix]: _before, ...signatures } = others.signatures;
  const own = key && { [prefix]: signList(key, prefix, known.list()) };
  const content = formatManifest(project, isoUtc(options.clock.now()), known.list(), {
    others: others.others,
    signatures: { ...signatures, ...own },
  });
  await writeAtomically(manifestPath(options.backupDir), content, { beforeRename: check });
}

function readManifest(
  options: RepositoryOptions,
  { content, closed }: { content?: string; closed: boolean },
  owns: Ownership['owns'],
): ReadManifest {
  if (content === undefined && !closed) return noManifest;
  const manifest = content === undefined ? { ...noManifest, damage: CLOSED } : parseManifest(content, owns);
  if (manifest.damage !== undefined)
    options.logger.warn(
      { why: manifest.damage },
      'the manifest cannot be used as it is; its gaps are read from the directory',
    );
  return manifest;
}

/** Names of the records that this installation signed. Others are told of, until the next write of the manifest. */
function signedIn(
  { prefix, logger }: RepositoryOptions,
  { records, raw, signatures }: ReadManifest,
  key: SigningKey | undefined,
): ReadonlySet<string> {
  const { signed, doubt } = signedRecords(raw, parseSignedList(signatures, prefix), prefix, key);
  const claims = [...records.keys()].filter((filename) => !signed.has(filename));
  if (claims.length > 0)
    logger.warn(
      { backups: claims.length, why: doubt ?? 'they are not as they were signed' },
      'records in the manifest are not signed by this installation; each backup is verified before it counts',
    );
  return signed;
}

async function setAside(options: RepositoryOptions, why: string): Promise<void> {
  const path = manifestPath(options.backupDir);
  const stamp = isoUtc(options.clock.now()).replaceAll(/[-:]/g, '');
  const aside = `${path}.damaged-${stamp}-${crypto.randomUUID().slice(0, 8)}`;
  await rename(path, aside);
  await syncDirectory(options.backupDir);
  options.logger.warn({ why, aside }, 'damaged manifest set aside');
}

/** Of an archive: its record in the manifest or the trash, whether that is signed, and the key to check others with. */
interface Recorded {
  record: CatalogueEntry | undefined;
  signed: boolean;
  key: SigningKey | undefined;
}

/** The entry from file, record and sidecars together. Without a signed record the `.json` sidecar is read. */
export async function describeArchive(
  archive: FoundArchive,
  { record, signed, key }: Recorded,
  options: RepositoryOptions,
): Promise<CatalogueEntry> {
  const ofThisFile = (one: CatalogueEntry | undefined) => one?.size_bytes === archive.size;
  if (signed && ofThisFile(record)) return complete(archive, known(archive, record!, options));
  const { facts, signed: own } = await readFacts(archive.path, archive.filename, key);
  if (own && ofThisFile(facts)) return complete(archive, known(archive, facts!, options));
  const claims = [record, facts].filter((claim) => claim !== undefined);
  return complete(archive, adoptedEntry(fromFile(archive, options), claims));
}

/** With the checksum from its sidecar, when no record has it. */
async function complete(archive: FoundArchive, entry: CatalogueEntry): Promise<CatalogueEntry> {
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
function fromFile(archive: FoundArchive, { timezone }: Pick<RepositoryOptions, 'timezone'>): CatalogueEntry {
  return {
    filename: archive.filename,
    filepath: archive.path,
    tier: archive.tier,
    timestamp: archive.name.timestamp,
    size_bytes: archive.size,
    verified: false,
    status: 'unverified',
    created_at: isoUtc(instantOf(archive.name.timestamp, timezone, archive.mtime)),
    timezone,
    compression: archive.name.compression,
  };
}

/** What we signed ourselves, at the place where the file is now. */
function known(archive: FoundArchive, recorded: CatalogueEntry, options: RepositoryOptions): CatalogueEntry {
  const { filepath: _elsewhere, timestamp: _sameAsName, ...facts } = recorded;
  return { ...fromFile(archive, { timezone: recorded.timezone ?? options.timezone }), ...facts };
}
