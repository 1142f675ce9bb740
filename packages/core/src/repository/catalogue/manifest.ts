/**
 * manifest.json: what is known of each backup beyond its file. Never trusted: what does not read as an entry is
 * dropped, and comes back from the directory.
 */
import { type CatalogueEntry, COMPRESSIONS, type Manifest, TIERS, type Warning } from '@gofr-backup/model';
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

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string' && value.length < 65_536;
const flag: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const duration: Check = (value) => typeof value === 'number' && value >= 0;
const instant: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
const hash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const oneOf =
  (allowed: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && allowed.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const warning: Check = (value) => {
  const { code, message, path } = (value ?? {}) as Partial<Warning>;
  return text(code) && text(message) && (path === undefined || text(path));
};

const REQUIRED = {
  filename: text,
  filepath: text,
  tier: oneOf(TIERS),
  timestamp: instant,
  size_bytes: count,
  verified: flag,
} satisfies Partial<Record<keyof CatalogueEntry, Check>>;

/** The first generation wrote the required fields only. */
const OPTIONAL: Record<Exclude<keyof CatalogueEntry, keyof typeof REQUIRED>, Check> = {
  status: oneOf(['good', 'unverified', 'corrupt', 'incomplete']),
  created_at: instant,
  timezone: text,
  sha256: hash,
  compression: oneOf(COMPRESSIONS),
  compression_level: count,
  trigger: oneOf(['schedule', 'manual', 'pre-restore']),
  run: text,
  components: listOf(text),
  files: count,
  source_bytes: count,
  reused_bytes: count,
  duration_ms: duration,
  verify_ms: duration,
  warnings: listOf(warning),
  verified_at: instant,
  last_drill_at: instant,
  last_drill_ok: flag,
  pinned: flag,
};

const FIELDS = Object.entries<Check>({ ...REQUIRED, ...OPTIONAL }).map(([field, check]) => ({
  ...{ field, check },
  required: field in REQUIRED,
}));

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

/** undefined: not an entry of this very file name. */
export function parseEntry(filename: string, value: unknown): CatalogueEntry | undefined {
  const raw = asObject(value);
  const name = parseName(filename);
  if (raw === undefined || name === undefined) return undefined;
  if (raw['filename'] !== filename || raw['tier'] !== name.tier) return undefined;
  const entry: Record<string, unknown> = {};
  for (const { field, check, required } of FIELDS) {
    const given = Object.hasOwn(raw, field) ? raw[field] : undefined;
    if (given === undefined && !required) continue;
    if (!check(given)) return undefined;
    entry[field] = given;
  }
  entry['status'] ??= entry['verified'] === true ? 'good' : 'unverified';
  return entry as unknown as CatalogueEntry;
}

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
