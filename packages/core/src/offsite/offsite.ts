/** What every operation on one store is given. */
import type { Ports } from '@gofr-backup/model';
import type { Store } from '@gofr-backup/store';
import type { SigningKey } from '../repository/index.ts';
import type { Encryption } from './sealing/sealing.ts';

export interface Offsite extends Ports {
  store: Store;
  /** of the settings: for messages, and the place of the cache */
  name: string;
  project: string;
  /** a directory of this store alone, in the state directory; made when it is needed */
  cacheDir: string;
  /** days for which the store is told to refuse the removal of what a copy needs; undefined: no object lock */
  lockDays?: number | undefined;
  /** how new objects are sealed */
  encryption: Encryption;
  /** age identities, where there are any: a host that only copies has none */
  identities: readonly string[];
  /** with which recipes are signed; undefined: nothing is copied or removed */
  signingKey?: SigningKey | undefined;
  /** public keys of hosts whose recipes are known as theirs, besides this one's */
  trustedKeys?: readonly string[];
  /** this host's name, for people */
  host: string;
  /** bytes that are sealed in a pack at most; unset: as the format has it */
  packContent?: number;
}
