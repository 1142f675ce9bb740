/**
 * Which records this installation wrote itself. Whoever may write to the backup directory may write any manifest, so a
 * record without a valid signature is a claim (`adopted-entry.ts`).
 *
 * A manifest has one signature for all records of one PREFIX, because to check one takes as long as to read thirty
 * records. A record that stands alone (`.json` beside the archive, `entry.json` in the trash) has its own. What is signed
 * is written on `entrySchema`; a reader needs the public key and `sha256` alone.
 */
import { hash } from 'node:crypto';
import { canonicalJson, type CatalogueEntry, type SignedList } from '@gofr-backup/model';
import type { SigningKey } from './signing-key.ts';

type Raw = Readonly<Record<string, unknown>>;

/** The record as JSON without spaces, names sorted at every level, but for where a writer saw it and the signature. */
export const canonicalForm = ({ filepath: _, signature: __, ...signed }: Raw): string =>
  canonicalJson(signed);

const digestOf = (record: Raw): string => hash('sha256', canonicalForm(record), 'base64url');

/** A run writes the manifest several times, and nearly all entries stay the objects they were. */
const KNOWN_DIGESTS = new WeakMap<CatalogueEntry, string>();

function digestOfEntry(entry: CatalogueEntry): string {
  const digest = KNOWN_DIGESTS.get(entry) ?? digestOf(entry);
  KNOWN_DIGESTS.set(entry, digest);
  return digest;
}

export function signList(key: SigningKey, prefix: string, records: readonly CatalogueEntry[]): SignedList {
  const digests = Object.fromEntries(records.map((record) => [record.filename, digestOfEntry(record)]));
  return { key: key.publicKey, digests, signature: key.sign(listText(prefix, digests)) };
}

/** The file names of the records that stand as they were signed; `doubt`: why none do. */
export function signedRecords(
  records: Raw,
  list: SignedList | undefined,
  prefix: string,
  key: SigningKey | undefined,
): { signed: ReadonlySet<string>; doubt?: string } {
  const doubt = doubtOf(list, prefix, key);
  if (list === undefined || doubt !== undefined) return { signed: new Set(), ...(doubt && { doubt }) };
  const holds = ([filename, record]: [string, unknown]) =>
    isRaw(record) && Object.hasOwn(list.digests, filename) && list.digests[filename] === digestOf(record);
  const signed = Object.entries(records).filter(holds);
  return { signed: new Set(signed.map(([filename]) => filename)) };
}

function doubtOf(
  list: SignedList | undefined,
  prefix: string,
  key: SigningKey | undefined,
): string | undefined {
  if (list === undefined) return 'they bear no signature';
  if (key === undefined) return 'there is no key to check their signature with';
  if (list.key !== key.publicKey) return 'another key has signed them';
  return key.hasSigned(listText(prefix, list.digests), list.signature)
    ? undefined
    : 'their signature does not hold';
}

export const signRecord = (key: SigningKey | undefined, record: CatalogueEntry): Raw =>
  key === undefined ? record : { ...record, signature: key.sign(recordText(record)) };

export const isSigned = (key: SigningKey | undefined, record: Raw): boolean =>
  key?.hasSigned(recordText(record), record['signature']) ?? false;

const recordText = (record: Raw): string => `gofr-backup record 1\n${canonicalForm(record)}\n`;

/** As `sha256sum` lists files. The prefix keeps one project's list from standing for another's. */
function listText(prefix: string, digests: Readonly<Record<string, string>>): string {
  const lines = Object.keys(digests)
    .sort()
    .map((filename) => `${digests[filename]}  ${filename}\n`);
  return `gofr-backup manifest 1\n${prefix}\n${lines.join('')}`;
}

const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
