/** The store that a command speaks of, by `--store` and `--identity`. */
import { storePlanOf, storePlansFrom, type Settings } from '@gofr-backup/config';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWrapped, type Offsite, openStoreOf, readIdentities, removeDirectory } from '@gofr-backup/core';
import { BackupError, ignoring, shellWord, type StorePlan, toBackupError } from '@gofr-backup/model';
import { askSecret } from '../ask.ts';
import type { Session } from '../session.ts';

export interface StoreOptions {
  store?: string;
  identity?: string;
}

/** The name of a store that was given by its URL. */
const GIVEN = 'given';

/** A name of the settings, or a URL on a host that has none. Throws USAGE. */
export function storePlan(settings: Settings, given: string | undefined): StorePlan {
  const plans = storePlansFrom(settings);
  const named = plans.find(({ name }) => name === given);
  if (named) return named;
  if (given === undefined && plans.length === 1) return plans[0]!;
  if (given?.includes(':')) return storePlanOf(settings, GIVEN, given);
  const names = plans.map(({ name }) => name).join(', ');
  throw new BackupError(
    given === undefined ? 'USAGE' : 'CONFIG',
    given === undefined ? 'Say which store' : `There is no store ${given}`,
    {
      why: names === '' ? 'the settings name none (OFFSITE_URL, OFFSITES)' : `the settings name ${names}`,
      hint: 'Pass `--store NAME`, or a URL such as `--store s3://bucket/prefix`.',
    },
  );
}

/** The same options, for a command that is shown. */
export const asGiven = ({ store, identity }: StoreOptions): string[] => [
  ...(store === undefined ? [] : ['--store', shellWord(store)]),
  ...(identity === undefined ? [] : ['--identity', shellWord(identity)]),
];

/** Opens it, and closes all that was made for it. */
export async function withStore<T>(
  session: Session,
  options: StoreOptions,
  work: (offsite: Offsite) => Promise<T>,
): Promise<T> {
  const plan = storePlan(session.settings, options.store);
  const identities = await identitiesOf(session, options.identity);
  await using offsite = await openStoreOf(session.context('store'), plan, { retries: 2 });
  const given = identities === undefined ? {} : { identities };
  // a host that reads a URL keeps nothing of it
  const isNamed = plan.name !== GIVEN;
  const scratch = isNamed ? undefined : await mkdtemp(join(tmpdir(), 'gofr-store-'));
  try {
    return await work({
      ...offsite,
      ...given,
      ...(scratch && { cacheDir: join(scratch, 'offsite', GIVEN) }),
    });
  } finally {
    if (scratch) await removeDirectory(scratch);
  }
}

/** Of `--identity FILE`; a wrapped one asks for its passphrase. */
export async function identitiesOf(
  session: Session,
  path: string | undefined,
): Promise<string[] | undefined> {
  if (path === undefined) return undefined;
  const file = await readFile(path).catch(ignoring('ENOENT'));
  if (file === undefined)
    throw new BackupError('USAGE', `There is no file ${path}`, {
      why: '--identity names the file with the private key',
      hint: 'Pass the file that `gofr-backup key new` wrote, or one with the recovery key in it.',
    });
  try {
    const passphrase = isWrapped(file) ? await askSecret(session, 'Passphrase of the identity: ') : undefined;
    return await readIdentities(file, passphrase);
  } catch (error) {
    throw toBackupError(error, `reading ${path}`);
  }
}
