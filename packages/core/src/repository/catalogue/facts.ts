/**
 * The `.json` sidecar: the entry, signed, for a lost manifest. It can say that a backup is incomplete or corrupt, but never
 * that it is good.
 */
import type { CatalogueEntry } from '@gofr-backup/model';
import { readUnlessClosed } from '../small-file.ts';
import { parseEntry, parseObject } from './manifest.ts';
import { isSigned, signRecord } from './signed-records.ts';
import type { SigningKey } from './signing-key.ts';

/** Of the entry, or what a sidecar says of it. */
const factsOf = (entry: CatalogueEntry): CatalogueEntry => ({
  ...entry,
  verified: false,
  status: entry.status === 'good' ? 'unverified' : entry.status,
});

export const factsText = (key: SigningKey | undefined, entry: CatalogueEntry): string =>
  `${JSON.stringify(signRecord(key, factsOf(entry)), null, 2)}\n`;

/** Of the archive at `path`. What this installation did not sign is a claim. */
export async function readFacts(
  path: string,
  filename: string,
  key: SigningKey | undefined,
): Promise<{ facts?: CatalogueEntry; signed: boolean }> {
  const { content } = await readUnlessClosed(`${path}.json`);
  const raw = content === undefined ? undefined : parseObject(content);
  const entry = parseEntry(filename, raw);
  if (raw === undefined || entry === undefined) return { signed: false };
  const { verified_at: _read, last_drill_at: _drilled, last_drill_ok: _well, ...facts } = entry;
  return { facts: factsOf(facts), signed: isSigned(key, raw) };
}
