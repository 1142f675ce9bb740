import { byteCount, commaSeparated, flag, matching, oneOf, wholeNumber, type Kind } from '../kinds.ts';
import { optional, setting } from '../setting.ts';
import { storeNames, storeUrl } from '../store-kinds.ts';

const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;

const recipients: Kind<string[]> = {
  allowed: 'public keys of age (age1…), separated by commas',
  schema: commaSeparated.schema.refine(
    (list) => list.every((item) => RECIPIENT.test(item)),
    'has an item that is no public key of age',
  ),
};

/** Of one store; each may also be given to one of several, as OFFSITE_<NAME>_X. */
export const offsiteStore = {
  offsiteUrl: optional({
    name: 'OFFSITE_URL',
    kind: storeUrl,
    meaning: 'a place elsewhere that every good backup is copied to; unset: none',
    example: 's3://bucket/backups?endpoint=https://s3.example.org&region=eu-central-1',
  }),
  offsiteAccessKey: optional({
    name: 'OFFSITE_ACCESS_KEY',
    kind: matching(/^\S+$/, 'a text without spaces'),
    usedBy: ['worker'],
    secret: 'whole',
    meaning: 'access key of S3',
    example: 'AKIAEXAMPLE',
  }),
  offsiteSecretKey: optional({
    name: 'OFFSITE_SECRET_KEY',
    kind: matching(/^\S+$/, 'a text without spaces'),
    usedBy: ['worker'],
    secret: 'whole',
    meaning: 'secret key of S3',
    example: 'a-long-random-text',
  }),
  offsitePassword: optional({
    name: 'OFFSITE_PASSWORD',
    kind: matching(/^.+$/s, 'any text'),
    usedBy: ['worker'],
    secret: 'whole',
    meaning: 'password of the user in OFFSITE_URL (SFTP, REST, WebDAV)',
    example: 'a long random text',
  }),
  offsiteSshKey: optional({
    name: 'OFFSITE_SSH_KEY',
    kind: matching(/^.+$/s, 'a private key in the form of OpenSSH'),
    usedBy: ['worker'],
    secret: 'whole',
    meaning: 'private key for SFTP, best given as OFFSITE_SSH_KEY_FILE',
    example: '-----BEGIN OPENSSH PRIVATE KEY-----',
  }),
  offsiteEncryption: setting({
    name: 'OFFSITE_ENCRYPTION',
    kind: oneOf(['age', 'none']),
    default: 'age',
    meaning:
      'age: nobody reads a copy without a key that this host does not hold; none: whoever reads the store reads the data',
    example: 'age',
  }),
  offsiteRecipients: setting({
    name: 'OFFSITE_RECIPIENTS',
    kind: recipients,
    default: '',
    defaultText: 'none',
    meaning:
      'public keys that copies are encrypted for, of operation and of recovery; `gofr-backup key new` makes both',
    example:
      'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p,age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg',
  }),
  offsiteRecovery: setting({
    name: 'OFFSITE_RECOVERY',
    kind: oneOf(['required', 'none']),
    default: 'required',
    meaning: 'none: one recipient is enough, and a lost key loses every copy',
    example: 'none',
  }),
  offsiteIdentity: optional({
    name: 'OFFSITE_IDENTITY',
    kind: matching(/^.+$/s, 'an identity of age (AGE-SECRET-KEY-1…)'),
    usedBy: ['worker'],
    secret: 'whole',
    meaning: 'private key, only where drills and restores from the store shall run unattended',
    example: 'AGE-SECRET-KEY-1…',
  }),
  offsiteSameDevice: setting({
    name: 'OFFSITE_SAME_DEVICE',
    kind: flag,
    default: 'false',
    meaning: 'accept a directory on the file system of BACKUP_DIR, which is no second place',
    example: 'true',
  }),
  offsiteRetentionDays: optional({
    name: 'OFFSITE_RETENTION_DAYS',
    kind: wholeNumber(1, 36_500),
    defaultText: 'as RETENTION_DAYS',
    meaning: 'daily tier of the store: older copies go',
    example: '90',
  }),
  offsiteMaxCount: optional({
    name: 'OFFSITE_MAX_COUNT',
    kind: wholeNumber(1, 1_000_000),
    defaultText: 'as MAX_COUNT',
    meaning: 'daily tier of the store: more than this go, oldest first',
    example: '90',
  }),
  offsiteWeeklyWeeks: optional({
    name: 'OFFSITE_WEEKLY_WEEKS',
    kind: wholeNumber(1, 5_200),
    defaultText: 'as WEEKLY_RETENTION_WEEKS',
    meaning: 'weekly tier of the store: older copies go',
    example: '26',
  }),
  offsiteMonthlyMonths: optional({
    name: 'OFFSITE_MONTHLY_MONTHS',
    kind: wholeNumber(1, 1_200),
    defaultText: 'as MONTHLY_RETENTION_MONTHS',
    meaning: 'monthly tier of the store: older copies go',
    example: '36',
  }),
  offsiteRate: optional({
    name: 'OFFSITE_RATE',
    kind: byteCount,
    meaning: 'bytes a second that a copy sends at most',
    example: '2MB',
  }),
  offsiteVerifyDays: setting({
    name: 'OFFSITE_VERIFY_DAYS',
    kind: wholeNumber(1, 3_650),
    default: '30',
    meaning: 'days within which every object of the store is read back once',
    example: '90',
  }),
  offsiteDrillDays: setting({
    name: 'OFFSITE_DRILL_DAYS',
    kind: wholeNumber(1, 3_650),
    default: '30',
    meaning:
      'days after which a copy is restored from the store for a test, where OFFSITE_IDENTITY (or no encryption) lets it be read',
    example: '7',
  }),
  offsiteMaxAgeHours: optional({
    name: 'OFFSITE_MAX_AGE_HOURS',
    kind: wholeNumber(1, 87_600),
    defaultText: 'MAX_AGE_HOURS and a day',
    meaning: 'age of the newest copy that raises an alert',
    example: '50',
  }),
  offsiteLockDays: optional({
    name: 'OFFSITE_LOCK_DAYS',
    kind: wholeNumber(1, 36_500),
    meaning: 'days for which S3 is told to refuse removal (object lock)',
    example: '30',
  }),
};

export const offsite = {
  ...offsiteStore,
  offsites: setting({
    name: 'OFFSITES',
    kind: storeNames,
    default: '',
    defaultText: 'none',
    meaning:
      'names of several stores; each has its OFFSITE_<NAME>_URL, and as OFFSITE_<NAME>_X what differs from OFFSITE_X',
    example: 'nas,b2',
  }),
};
