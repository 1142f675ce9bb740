/** For the tests of this room: a host with archives, and a store. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archive, HOURS_LATER } from '@gofr-backup/archive/testing';
import {
  type CatalogueEntry,
  type Compression,
  noProgress,
  silentLogger,
  systemClock,
} from '@gofr-backup/model';
import { DirectoryStore, type Store } from '@gofr-backup/store';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { SigningKey } from '../repository/catalogue/signing-key.ts';
import type { CopyRequest } from './copy/copy.ts';
import type { Offsite } from './offsite.ts';

export interface Host {
  root: string;
  storeDir: string;
  identity: string;
  offsite: Offsite;
  /** writes a tree; equal seeds give equal bytes */
  write(files: Record<string, Buffer | string | undefined>): void;
  /** archives the tree; answers the request that copies it */
  backup(n: number): Promise<CopyRequest>;
}

export async function host(
  root: string,
  changes: Partial<Offsite> & { storeDir?: string; codec?: Compression } = {},
): Promise<Host> {
  const identity = await generateX25519Identity();
  const { storeDir = join(root, 'store'), codec = 'gzip', ...offsiteChanges } = changes;
  const store: Store = offsiteChanges.store ?? new DirectoryStore(storeDir);
  const offsite: Offsite = {
    ...{ clock: systemClock, logger: silentLogger, progress: noProgress },
    signal: new AbortController().signal,
    store,
    name: 'nas',
    project: 'plot',
    cacheDir: join(root, 'state', 'offsite', 'nas'),
    encryption: { kind: 'age', recipients: [await identityToRecipient(identity)] },
    identities: [identity],
    signingKey: new SigningKey(randomBytes(32)),
    host: 'one',
    ...offsiteChanges,
  };
  mkdirSync(join(root, 'data'), { recursive: true });
  mkdirSync(join(root, 'daily'), { recursive: true });
  let previous: string | undefined;
  return {
    ...{ root, storeDir, identity, offsite },
    write(files) {
      for (const [name, content] of Object.entries(files)) {
        const path = join(root, 'data', name);
        mkdirSync(join(path, '..'), { recursive: true });
        if (content === undefined) rmSync(path, { force: true });
        else writeFileSync(path, content);
      }
    },
    async backup(n) {
      const path = join(root, 'daily', nameOf(n));
      const before = previous && { archivePath: previous, indexPath: `${previous}.idx` };
      const made = await archive(join(root, 'data'), path, {
        codec,
        clock: HOURS_LATER,
        ...(before && { previous: before }),
      });
      previous = path;
      return requestFor(root, n, made);
    },
  };
}

const nameOf = (n: number): string => `gofr-plot_daily_20251213_${String(n).padStart(6, '0')}.tar.gz`;

/** Copies the archive that lies at its place already. */
export function requestFor(
  root: string,
  n: number,
  { sha256, sizeBytes }: { sha256: string; sizeBytes: number },
): CopyRequest {
  const filename = nameOf(n);
  const path = join(root, 'daily', filename);
  const entry: CatalogueEntry = {
    ...{ filename, filepath: path, tier: 'daily', status: 'good', verified: true },
    ...{ timestamp: '2025-12-13T02:00:00', created_at: '2025-12-13T02:00:00.000Z' },
    ...{ size_bytes: sizeBytes, sha256, compression: 'gzip' },
  };
  return {
    ...{ entry, sha256, archivePath: path, indexPath: `${path}.idx` },
    archiveOf: (copy) => join(root, copy.tier, copy.filename),
  };
}

export const sha256Of = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex');

/** Bytes that do not compress, the same for the same seed. */
export function noise(seed: string, length: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < length; at += 32) pieces.push(createHash('sha256').update(`${seed} ${at}`).digest());
  return Buffer.concat(pieces).subarray(0, length);
}
