/** Where immutable objects lie: the port, and what implements it. */
export { DirectoryStore } from './directory/directory-store.ts';
export { checkName, isName } from './name.ts';
export { NoSuchObject } from './store.ts';
export type { ByteRange, Store, StoredObject } from './store.ts';
