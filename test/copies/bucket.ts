/** What lies in the bucket, seen by one who has the key and nothing else. */
import { execFileSync } from 'node:child_process';
import { rmSync, readFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { Copies, type Offsite, readIdentities } from '@gofr-backup/core';
import { noProgress, silentLogger, systemClock } from '@gofr-backup/model';
import { openStore, type Store } from '@gofr-backup/store';

export interface Bucket extends AsyncDisposable {
  /** Names of the copies that come back as the very archive, the oldest first; throws where one does not. */
  whole(): Promise<string[]>;
  /** What lies in the trash has lain there for two days. */
  age(): Promise<void>;
}

export function makeBucket(
  name: string,
  server: { endpoint: string; accessKey: string; secretKey: string },
): void {
  const { endpoint, accessKey, secretKey } = server;
  const remote = `:s3,provider=Ceph,access_key_id=${accessKey},secret_access_key=${secretKey},endpoint='${endpoint}':${name}`;
  // a bundle of certificates in the environment is more than it can take
  execFileSync('rclone', ['--config', '/dev/null', 'mkdir', remote], { env: { PATH: process.env['PATH'] } });
}

const DAYS = 2 * 86_400_000;

export async function openBucket(
  url: string,
  keys: { accessKey: string; secretKey: string },
  { identity, scratch }: { identity: string; scratch: string },
): Promise<Bucket> {
  const store = await openStore(url, keys);
  const offsite: Offsite = {
    ...{ clock: systemClock, logger: silentLogger, progress: noProgress, store, name: 'bucket' },
    ...{ signal: new AbortController().signal, project: 'plot', host: 'reader' },
    cacheDir: join(scratch, 'none', 'offsite', 'none'),
    encryption: { kind: 'age', recipients: [] },
    identities: await readIdentities(readFileSync(identity)),
  };
  return {
    whole: () => wholeOf(offsite, join(scratch, 'back')),
    age: () => age(store),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function wholeOf(offsite: Offsite, path: string): Promise<string[]> {
  const copies = await Copies.open(offsite, { anew: true });
  for (const copy of copies.copies) {
    await copies.fetchArchive(copy, path);
    const sha256 = hash('sha256', readFileSync(path));
    if (sha256 !== copy.recipe.entry.sha256) throw new Error(`${copy.name.filename} came back as ${sha256}`);
    rmSync(path);
  }
  if (copies.unread.length > 0) throw new Error(`${copies.unread[0]!.object} cannot be read`);
  return copies.copies.map(({ name }) => name.filename).reverse();
}

async function age(store: Store): Promise<void> {
  for await (const { name } of store.list('plot/trash/')) {
    const [, stamp = '', rest = ''] = /^plot\/trash\/(\d{8}t\d{6}z)\/(.*)$/.exec(name) ?? [];
    const older = stampOf(
      Date.parse(stamp.replace(/(....)(..)(..)t(..)(..)(..)z/, '$1-$2-$3T$4:$5:$6Z')) - DAYS,
    );
    const content = store.read(name);
    await store.put(`plot/trash/${older}/${rest}`, content);
    await store.remove(name);
  }
}

const stampOf = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;
