/**
 * manifest.json: what is known of each backup beyond its file. Never trusted: what does not read as an entry is
 * dropped, and comes back from the directory.
 */
import type { CatalogueEntry, Manifest, Status } from '@gofr-backup/model';
import { entrySchema } from '@gofr-backup/model/schemas';
import { z } from 'zod';
import { parseName, prefixOf } from '../names.ts';
import type { Ownership } from './ownership.ts';

/** Entries by file name. */
export type Records = ReadonlyMap<string, CatalogueEntry>;

export interface ReadManifest {
  records: Records;
  /** records of other projects, as they stand: theirs to read, and to be written back untouched */
  others: Readonly<Record<string, unknown>>;
  /** the project that wrote it last */
  project?: string;
  /** why the file as a whole, or which of its entries, could not be used; undefined: all of it was */
  damage?: string;
}

/** Both shapes: `{version, backups: {…}}`, and the first generation's, which was the inner map alone. */
export function parseManifest(content: string, owns: Ownership['owns'] = () => true): ReadManifest {
  const nothing = { records: new Map(), others: {} };
  const parsed = parseObject(content);
  if (parsed === undefined) return { ...nothing, damage: 'it is not a JSON object' };
  const ofThisShape = 'version' in parsed || 'backups' in parsed;
  const inner = ofThisShape ? asObject(parsed['backups']) : parsed;
  if (inner === undefined) return { ...nothing, damage: 'it has no map of backups' };
  const project = ofThisShape ? parsed['project'] : undefined;
  return { ...readEntries(inner, owns), ...(typeof project === 'string' ? { project } : {}) };
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
  others: ReadManifest['others'] = {},
): string {
  const own = Object.fromEntries(entries.map((entry) => [entry.filename, entry]));
  const backups = { ...others, ...own } as Manifest['backups'];
  const manifest: Manifest = { version: 1, project, updated_at: updatedAt, backups };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

export function parseObject(content: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(content));
  } catch {
    return undefined;
  }
}

function readEntries(inner: Record<string, unknown>, owns: Ownership['owns']): ReadManifest {
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
