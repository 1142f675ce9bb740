/**
 * manifest.json: what is known of each backup beyond its file. Never trusted: what does not read as an entry is
 * dropped, and comes back from the directory.
 */
import type { CatalogueEntry, Manifest, SignedList, Status } from '@gofr-backup/model';
import { entrySchema } from '@gofr-backup/model/schemas';
import * as z from 'zod';
import { parseName, prefixOf } from '../names.ts';
import type { Ownership } from './ownership.ts';

/** Entries by file name. */
export type Records = ReadonlyMap<string, CatalogueEntry>;

export interface ReadManifest {
  records: Records;
  /** records of other projects, as they stand: theirs to read, and to be written back untouched */
  others: Readonly<Record<string, unknown>>;
  /** all records as they stand: what was signed is not what is left of them after reading */
  raw: Readonly<Record<string, unknown>>;
  /** by PREFIX; other projects' are written back untouched */
  signatures: Readonly<Record<string, unknown>>;
  /** the project that wrote it last */
  project?: string;
  /** why the file as a whole, or which of its entries, could not be used; undefined: all of it was */
  damage?: string;
}

export const noManifest: ReadManifest = { records: new Map(), others: {}, raw: {}, signatures: {} };

/** Both shapes: `{version, backups: {…}}`, and the first generation's, which was the inner map alone. */
export function parseManifest(content: string, owns: Ownership['owns'] = () => true): ReadManifest {
  const parsed = parseObject(content);
  if (parsed === undefined) return { ...noManifest, damage: 'it is not a JSON object' };
  const ofThisShape = 'version' in parsed || 'backups' in parsed;
  const inner = ofThisShape ? asObject(parsed['backups']) : parsed;
  if (inner === undefined) return { ...noManifest, damage: 'it has no map of backups' };
  const project = ofThisShape ? parsed['project'] : undefined;
  const signatures = (ofThisShape ? asObject(parsed['signatures']) : undefined) ?? {};
  return {
    ...readEntries(inner, owns),
    ...{ raw: inner, signatures },
    ...(typeof project === 'string' ? { project } : {}),
  };
}

/** undefined: there is none of this PREFIX, or it is none. */
export function parseSignedList(
  signatures: Readonly<Record<string, unknown>>,
  prefix: string,
): SignedList | undefined {
  const list = Object.hasOwn(signatures, prefix) ? asObject(signatures[prefix]) : undefined;
  const digests = asObject(list?.['digests']);
  const [key, signature] = [list?.['key'], list?.['signature']];
  const whole = digests !== undefined && typeof key === 'string' && typeof signature === 'string';
  return whole ? { key, digests: digests as SignedList['digests'], signature } : undefined;
}

/** Compiled: thousands are read at every command, and the schema as it is takes twice as long. */
const compiledEntry = z.compile(entrySchema);

/** undefined: not an entry of this very file name. */
export function parseEntry(filename: string, value: unknown): CatalogueEntry | undefined {
  const raw = asObject(value);
  if (raw?.['filename'] !== filename || raw['tier'] !== parseName(filename)?.tier) return undefined;
  return compiledEntry.safeParse('status' in raw ? raw : { ...raw, status: firstStatus(raw) }).data;
}

/** The first generation wrote six fields, and no status among them. */
const firstStatus = ({ verified }: Record<string, unknown>): Status =>
  verified === true ? 'good' : 'unverified';

export function formatManifest(
  project: string,
  updatedAt: string,
  entries: readonly CatalogueEntry[],
  { others = {}, signatures = {} }: Partial<Pick<ReadManifest, 'others' | 'signatures'>> = {},
): string {
  const own = Object.fromEntries(entries.map((entry) => [entry.filename, entry]));
  const backups = { ...others, ...own } as Manifest['backups'];
  const signed =
    Object.keys(signatures).length > 0
      ? { signatures: signatures as NonNullable<Manifest['signatures']> }
      : {};
  const manifest: Manifest = { version: 1, project, updated_at: updatedAt, backups, ...signed };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export function parseObject(content: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(content));
  } catch {
    return undefined;
  }
}

function readEntries(
  inner: Record<string, unknown>,
  owns: Ownership['owns'],
): Pick<ReadManifest, 'records' | 'others' | 'damage'> {
  const records = new Map<string, CatalogueEntry>();
  const others: Record<string, unknown> = {};
  const bad: string[] = [];
  for (const [filename, value] of Object.entries(inner)) {
    const prefix = prefixOf(filename);
    if (prefix !== undefined && !owns(prefix)) {
      others[filename] = value;
      continue;
    }
    const entry = parseEntry(filename, value);
    if (entry) records.set(filename, entry);
    else bad.push(filename);
  }
  if (bad.length === 0) return { records, others };
  return { records, others, damage: `these entries are not usable: ${bad.slice(0, 5).join(', ')}` };
}

const asObject = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
