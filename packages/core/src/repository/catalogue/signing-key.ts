/** The Ed25519 key with which an installation signs what it knows of its backups: `manifest.key`, a seed of 32 bytes. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { toBackupError } from '@gofr-backup/model';
import type { RepositoryOptions } from '../options.ts';
import { keyDirOf, readStateSecret, stateSecret } from '../state-secret.ts';

const NAME = 'manifest';
const SEED_BYTES = 32;
/** What stands before the seed in a PKCS #8 file of Ed25519 (RFC 8410). */
const BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');

export class SigningKey {
  readonly #key: KeyObject;
  /** the raw 32 bytes in base64url: enough for a reader to check signatures */
  readonly publicKey: string;

  constructor(seed: Buffer) {
    const key = Buffer.concat([BEFORE_SEED, seed]);
    this.#key = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    this.publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x!;
  }

  sign(text: string): string {
    return sign(null, Buffer.from(text), this.#key).toString('base64url');
  }

  hasSigned(text: string, signature: unknown): boolean {
    if (typeof signature !== 'string') return false;
    return verify(null, Buffer.from(text), this.#key, Buffer.from(signature, 'base64url'));
  }
}

/** What stands before the raw key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410). */
const BEFORE_PUBLIC_KEY = Buffer.from('302a300506032b6570032100', 'hex');
const PUBLIC_KEY = /^[A-Za-z0-9_-]{43}$/;

/** Whether the holder of `publicKey` (as SigningKey has it) signed `text`. */
export function hasSigned(publicKey: string, text: string, signature: string): boolean {
  if (!PUBLIC_KEY.test(publicKey)) return false;
  const raw = Buffer.concat([BEFORE_PUBLIC_KEY, Buffer.from(publicKey, 'base64url')]);
  const key = createPublicKey({ key: raw, format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'));
}

/** undefined: there is none yet, or it cannot be used, which is told. Then no record counts as signed. */
export const readSigningKey = (options: RepositoryOptions): Promise<SigningKey | undefined> =>
  usable(options, () => readStateSecret(keyDirOf(options), NAME, SEED_BYTES));

/** The same for a process that writes: made when there is none. */
export const signingKey = (options: RepositoryOptions): Promise<SigningKey | undefined> =>
  usable(options, () => stateSecret(keyDirOf(options), NAME, SEED_BYTES));

/** A backup must not fail for want of its signature: without one it is verified again before it counts. */
async function usable(
  { logger }: RepositoryOptions,
  seedOf: () => Promise<Buffer | undefined>,
): Promise<SigningKey | undefined> {
  try {
    const seed = await seedOf();
    return seed && new SigningKey(seed);
  } catch (error) {
    const { message, why, hint } = toBackupError(error, 'reading the key of the manifest');
    logger.warn({ why, hint }, `${message}; no backup counts as good by its record`);
    return undefined;
  }
}
