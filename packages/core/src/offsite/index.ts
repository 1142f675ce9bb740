/** Copies in a store: packs and recipes. */
export { copyToStore } from './copy/copy.ts';
export type { CopyRequest, CopyResult } from './copy/copy.ts';
export { checkKey, provedKeys } from './keys/check-key.ts';
export type { ProvedKey } from './keys/check-key.ts';
export { isWrapped, readIdentities, recipientOf, wrapIdentityFile } from './keys/identity-file.ts';
export { newKeys } from './keys/new-keys.ts';
export type { KeyPair, NewKeys } from './keys/new-keys.ts';
export type { Offsite } from './offsite.ts';
export { Copies } from './read/copies.ts';
export type { StoredCopy } from './read/copies.ts';
export { openCopy } from './read/open-copy.ts';
export type { OpenedCopy } from './read/open-copy.ts';
export type { Encryption } from './sealing/sealing.ts';
