/** The settings in the core's terms; `config` makes a plan from the settings. */
import type { Codec, Component } from './component.ts';

export interface RetentionPolicy {
  /** daily tier, days by calendar of `timezone` */
  retentionDays: number;
  maxCount: number;
  keepLast: number;
  /** undefined: the tier is off (its backups are kept; nothing new is promoted) */
  weeklyWeeks?: number;
  monthlyMonths?: number;
  timezone: string;
  /** with verification after backup off, an unverified backup counts as good */
  unverifiedIsGood: boolean;
  /** hold pruning when the newest backup shrank by this percentage against the median of the last seven; 0: never */
  anomalyPercent: number;
}

export interface BackupPlan {
  project: string;
  /** first part of file names */
  prefix: string;
  timezone: string;
  backupDir: string;
  /** where the keys of this installation lie; undefined: in the state directory */
  keyDir?: string;
  dataDir: string;
  components: Component[];
  /** patterns in the language of .gitignore, with braces */
  exclude: string[];
  /** extended attributes, ACLs and capabilities are stored and restored; default: not */
  xattrs?: boolean;
  /** a component's root may be a symlink; default: backup and restore refuse it */
  followRootLinks?: boolean;
  codec: Codec;
  threads: number;
  /** of a backup, while its sources are slow; default: as many as `threads` */
  readThreads?: number;
  nice: number;
  /** bytes per second; undefined: as fast as the disk */
  readRate?: number;
  verifyAfterBackup: boolean;
  linkUnchanged: boolean;
  retention: RetentionPolicy;
  /** days a pruned backup stays in the trash; 0: no trash */
  trashDays: number;
  /** bytes to leave free in backupDir */
  minFree: number;
  preCommand?: string;
  postCommand?: string;
  /** the environment of both, to which the facts of the run are added; nothing else of ours reaches them */
  commandEnvironment?: Readonly<Record<string, string>>;
  /** milliseconds */
  commandTimeout: number;
}

/** A place elsewhere that good backups are copied to. */
export interface StorePlan {
  name: string;
  url: string;
  credentials: { accessKey?: string; secretKey?: string; password?: string; sshKey?: string };
  encryption: 'age' | 'none';
  /** public keys of age */
  recipients: string[];
  /** private key of age, where drills and restores run unattended */
  identity?: string;
  /** a directory may lie on the file system of the backup directory */
  sameDevice: boolean;
  retention: RetentionPolicy;
  /** bytes per second; undefined: as fast as it goes */
  rate?: number;
  /** all objects are read back within so many days */
  verifyDays: number;
  /** days after which a copy is restored for a test, where it can be read without a person */
  drillDays: number;
  /** undefined: a day more than backups may be old */
  maxAgeHours?: number;
  /** undefined: no object lock */
  lockDays?: number;
}
