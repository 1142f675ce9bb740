/** Where immutable objects lie: the port, and what implements it. */
export { DirectoryStore } from './directory/directory-store.ts';
export { limited } from './limited.ts';
export { parseLocation, redactStoreUrl } from './location.ts';
export type { StoreLocation } from './location.ts';
export { checkName, isName } from './name.ts';
export { openStore } from './open-store.ts';
export type { Credentials, OpenOptions } from './open-store.ts';
export { retrying } from './retrying.ts';
export type { Patience } from './retrying.ts';
export { NoSuchObject, StoreError } from './store-error.ts';
export type { StoreProblem } from './store-error.ts';
export { LARGEST_OBJECT } from './store.ts';
export type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from './store.ts';
