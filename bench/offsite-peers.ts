/** Who copies to the gateway, and how. Every script runs in a working directory of its own. */
import { nodeOptions } from './contenders.ts';

export interface Place {
  corpus: string;
  source: string;
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** of our command line */
  main: string;
  /** a file of about 30 KB, relative to the source */
  one: string;
}

export interface Step {
  work: string;
  before?: string;
  script: string;
  /** the same against another endpoint, which counts what comes back */
  throughProxy?: (endpoint: string) => string;
}

export interface Life {
  prepare: string;
  works: Step[];
  /** prints what lies in the bucket, as `rclone size --json` does */
  size: string;
  end: string;
}

export interface Peer {
  name: string;
  life(place: Place, bucket: string): Life;
}

export const WORKS = {
  first: 'First copy',
  same: 'Nothing changed',
  changed: '1 % changed, logs appended',
  restore: 'Restore of everything',
  one: 'One file',
};

/** A bundle of certificates in the environment is more than it can take. */
const rclone = ({ endpoint, accessKey, secretKey }: Place): string =>
  `env -u AWS_CA_BUNDLE RCLONE_CONFIG_S_TYPE=s3 RCLONE_CONFIG_S_PROVIDER=Ceph RCLONE_CONFIG_S_ACCESS_KEY_ID=${accessKey} ` +
  `RCLONE_CONFIG_S_SECRET_ACCESS_KEY=${secretKey} RCLONE_CONFIG_S_ENDPOINT=${endpoint} rclone --config /dev/null`;

const around = (place: Place, bucket: string): Pick<Life, 'size' | 'end'> => ({
  size: `${rclone(place)} size --json s:${bucket}`,
  end: `${rclone(place)} purge s:${bucket}`,
});

/** Settings of our command line; its words follow. `store`: its URL; absent: backups are here alone. */
export const oursIn = (place: Place, store?: string): string => {
  const { source, accessKey, secretKey, main } = place;
  const settings = {
    PATHS: `corpus:${source}`,
    DATA_DIR: '$PWD/none',
    DIR: '$PWD/backups',
    OFFSITE_ACCESS_KEY: accessKey,
    OFFSITE_SECRET_KEY: secretKey,
    OFFSITE_RECIPIENTS: '$(cat recipients)',
    LOG_LEVEL: 'error',
    ...(store !== undefined && { OFFSITE_URL: store }),
  };
  const given = Object.entries(settings).map(([name, value]) => `BACKUP_${name}="${value}"`);
  return `${given.join(' ')} "${process.execPath}" ${nodeOptions} "${main}"`;
};

export const urlOf = (bucket: string, endpoint: string): string => `s3://${bucket}/x?endpoint=${endpoint}`;

/** Keys of its own, in the working directory. */
export const ourKeys = (place: Place): string =>
  `"${process.execPath}" "${place.main}" key new --out key.txt --json | ` +
  `"${process.execPath}" -e 'console.log(JSON.parse(require("fs").readFileSync(0)).recipients.join())' >recipients`;

const ours: Peer = {
  name: 'gofr-backup copy',
  life(place, bucket) {
    const run = oursIn(place, urlOf(bucket, place.endpoint));
    const now = `${oursIn(place)} now`;
    const [restore, cat] = ['restore --latest --yes --to out', `cat latest "corpus/${place.one}"`];
    const from = (endpoint: string): string => oursIn(place, urlOf(bucket, endpoint));
    const store = '--store offsite --identity key.txt';
    return {
      ...around(place, bucket),
      prepare: `${ourKeys(place)}; ${rclone(place)} mkdir s:${bucket}; ${now}`,
      works: [
        { work: WORKS.first, script: `${run} copy` },
        { work: WORKS.same, before: `sleep 1; ${now}`, script: `${run} copy` },
        { work: WORKS.changed, before: `$CHANGE; ${now}`, script: `${run} copy` },
        { work: WORKS.restore, script: `${run} ${restore} ${store}` },
        {
          work: WORKS.one,
          script: `${run} ${cat} ${store} >one`,
          throughProxy: (endpoint) => `${from(endpoint)} ${cat} ${store} >one`,
        },
      ],
    };
  },
};

/** The same life, with the local backup counted. */
const both: Peer = {
  name: 'gofr-backup now, with its copy',
  life(place, bucket) {
    const run = oursIn(place, urlOf(bucket, place.endpoint));
    return {
      ...around(place, bucket),
      prepare: `${ourKeys(place)}; ${rclone(place)} mkdir s:${bucket}`,
      works: [
        { work: WORKS.first, script: `${run} now` },
        { work: WORKS.same, before: 'sleep 1', script: `${run} now` },
        { work: WORKS.changed, before: '$CHANGE', script: `${run} now` },
      ],
    };
  },
};

export const resticIn = ({ accessKey, secretKey, endpoint }: Place, bucket: string): string =>
  `AWS_ACCESS_KEY_ID=${accessKey} AWS_SECRET_ACCESS_KEY=${secretKey} RESTIC_PASSWORD=bench restic -q --cache-dir cache -r s3:${endpoint}/${bucket}`;

const restic: Peer = {
  name: 'restic',
  life(place, bucket) {
    const run = resticIn(place, bucket);
    const backup = `${run} backup "${place.source}"`;
    const dump = (endpoint: string): string =>
      `${resticIn({ ...place, endpoint }, bucket)} dump latest "${place.source}/${place.one}" >one`;
    return {
      ...around(place, bucket),
      prepare: `${run} init`,
      works: [
        { work: WORKS.first, script: backup },
        { work: WORKS.same, script: backup },
        { work: WORKS.changed, before: '$CHANGE', script: backup },
        { work: WORKS.restore, script: `${run} restore latest --target out --verify` },
        { work: WORKS.one, script: dump(place.endpoint), throughProxy: dump },
      ],
    };
  },
};

/** The archives of our backups, whole. */
const synced: Peer = {
  name: 'rclone sync of the archives',
  life(place, bucket) {
    const now = `${oursIn(place)} now`;
    const sync = `${rclone(place)} sync backups/daily s:${bucket}`;
    return {
      ...around(place, bucket),
      prepare: `${ourKeys(place)}; ${rclone(place)} mkdir s:${bucket}; ${now}`,
      works: [
        { work: WORKS.first, script: sync },
        { work: WORKS.changed, before: `$CHANGE; ${now}`, script: sync },
      ],
    };
  },
};

export const CONTENDERS: Peer[] = [ours, both, restic, synced];
