/** What operations take and answer. The answers are the JSON documents of the contract. */
import type { CatalogueEntry, Tier, Trigger } from './catalogue.ts';
import type { ErrorCode } from './errors.ts';
import type { BackupPlan } from './plan.ts';
import type { Ports } from './ports.ts';

export interface OperationContext extends Ports {
  plan: BackupPlan;
  /** who asks, for the lock: e.g. `job 42`, `restore on the command line` */
  owner: string;
}

export interface BackupRequest {
  trigger: Trigger;
  /** default daily; weekly and monthly make one of that tier directly */
  tier?: Tier;
  /** identifies the run (a job id): the same run asked again continues instead of making a second backup */
  run?: string;
}
export interface BackupOutcome {
  backup: CatalogueEntry;
  /** copies in the weekly and monthly tiers this one became */
  promoted: CatalogueEntry[];
  /** retention after it; absent for a safety backup */
  pruned?: PruneOutcome;
}

export interface VerifyRequest {
  /** file names; absent: as `which` says */
  names?: string[];
  /** `oldest-verified`: the one longest unread, for the scrub schedule */
  which?: 'latest' | 'all' | 'oldest-verified';
}
export interface VerifyOutcome {
  results: {
    filename: string;
    ok: boolean;
    problems: string[];
    /** when not ok: ARCHIVE_DAMAGED, or why there is no verdict (PERMISSION, IO, …) */
    code?: ErrorCode;
  }[];
}

export interface PruneRequest {
  dryRun: boolean;
  /** prune although an anomaly holds it */
  force?: boolean;
}
export interface PruneDecision {
  filename: string;
  tier: Tier;
  action: 'keep' | 'remove';
  reasons: string[];
}
export interface PruneOutcome {
  dry_run: boolean;
  now: string;
  decisions: PruneDecision[];
  /** why nothing was removed although decisions say so */
  held?: string;
}

export interface RestoreRequest {
  /** a file name, or `latest` */
  backup: string;
  only?: string[];
  paths?: string[];
  /** extract here instead of swapping the components in */
  to?: string;
  merge?: boolean;
  dryRun?: boolean;
  /** default true */
  safetyBackup?: boolean;
}
export interface RestoreOutcome {
  backup: string;
  target: string;
  files: number;
  bytes: number;
  safety_backup: string | null;
  /** with dryRun: what would happen, nothing was written */
  changes?: { added: ChangeCount; replaced: ChangeCount; removed: ChangeCount; unchanged: ChangeCount };
  warnings?: string[];
}
export interface ChangeCount {
  files: number;
  bytes: number;
}

export interface DrillRequest {
  backup: string;
}
export interface DrillOutcome {
  backup: string;
  ok: boolean;
  files: number;
  problems: string[];
}
