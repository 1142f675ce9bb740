/** What operations take and answer. The answers are the JSON documents of the contract, and the results of jobs. */
import * as z from 'zod';
import { entrySchema } from './catalogue-entry.ts';
import { type ErrorCode, ERRORS } from './errors.ts';
import type { BackupPlan } from './plan.ts';
import type { Ports } from './ports.ts';
import { type Tier, TIERS, type Trigger } from './terms.ts';

export interface OperationContext extends Ports {
  plan: BackupPlan;
  /** who asks, for the lock: e.g. `job 42`, `restore on the command line` */
  owner: string;
}

export const pruneRequestSchema = z.object({
  dryRun: z.boolean(),
  /** prune although an anomaly holds it */
  force: z.boolean().exactOptional(),
});
export type PruneRequest = z.infer<typeof pruneRequestSchema>;

const pruneDecisionSchema = z.object({
  filename: z.string(),
  tier: z.enum(TIERS),
  action: z.enum(['keep', 'remove']),
  reasons: z.array(z.string()),
});
export type PruneDecision = z.infer<typeof pruneDecisionSchema>;

export const pruneOutcomeSchema = z.object({
  dry_run: z.boolean(),
  now: z.string(),
  decisions: z.array(pruneDecisionSchema),
  /** why nothing was removed although decisions say so */
  held: z.string().exactOptional(),
});
export type PruneOutcome = z.infer<typeof pruneOutcomeSchema>;

/** Asked of the core alone: a job's payload has its steps besides. */
export interface BackupRequest {
  trigger: Trigger;
  /** default daily; weekly and monthly make one of that tier directly */
  tier?: Tier;
  /** identifies the run (a job id): the same run asked again continues instead of making a second backup */
  run?: string;
}

export const backupOutcomeSchema = z.object({
  backup: entrySchema,
  /** copies in the weekly and monthly tiers this one became */
  promoted: z.array(entrySchema),
  /** retention after it; absent for a safety backup */
  pruned: pruneOutcomeSchema.exactOptional(),
});
export type BackupOutcome = z.infer<typeof backupOutcomeSchema>;

export const verifyRequestSchema = z.object({
  /** file names; absent: as `which` says */
  names: z.array(z.string()).exactOptional(),
  /** `oldest-verified`: the one longest unread, for the scrub schedule */
  which: z.enum(['latest', 'all', 'oldest-verified']).exactOptional(),
});
export type VerifyRequest = z.infer<typeof verifyRequestSchema>;

export const verifyOutcomeSchema = z.object({
  results: z.array(
    z.object({
      filename: z.string(),
      ok: z.boolean(),
      problems: z.array(z.string()),
      /** what was read, and how long that took */
      files: z.number().exactOptional(),
      bytes: z.number().exactOptional(),
      ms: z.number().exactOptional(),
      /** when not ok: ARCHIVE_DAMAGED, or why there is no verdict (PERMISSION, IO, …) */
      code: z.enum(Object.keys(ERRORS) as ErrorCode[]).exactOptional(),
    }),
  ),
});
export type VerifyOutcome = z.infer<typeof verifyOutcomeSchema>;

export const restoreRequestSchema = z.object({
  /** a file name, or `latest` */
  backup: z.string().min(1),
  only: z.array(z.string()).exactOptional(),
  paths: z.array(z.string()).exactOptional(),
  /** extract here instead of swapping the components in */
  to: z.string().exactOptional(),
  merge: z.boolean().exactOptional(),
  /** also setuid, setgid and capabilities of a backup that this installation has not signed */
  trustModes: z.boolean().exactOptional(),
  dryRun: z.boolean().exactOptional(),
  /** with `to`: of a damaged backup every file that proves right */
  salvage: z.boolean().exactOptional(),
  /** default true */
  safetyBackup: z.boolean().exactOptional(),
});
export type RestoreRequest = z.infer<typeof restoreRequestSchema>;

const changeCountSchema = z.object({ files: z.number(), bytes: z.number() });
export type ChangeCount = z.infer<typeof changeCountSchema>;

export const restoreOutcomeSchema = z.object({
  backup: z.string(),
  target: z.string(),
  files: z.number(),
  bytes: z.number(),
  safety_backup: z.string().nullable(),
  /** with dryRun: what would happen, nothing was written */
  changes: z
    .object({
      added: changeCountSchema,
      replaced: changeCountSchema,
      removed: changeCountSchema,
      unchanged: changeCountSchema,
    })
    .exactOptional(),
  warnings: z.array(z.string()).exactOptional(),
  /** with salvage: what did not prove right, each with the reason; empty when all did */
  lost: z.array(z.string()).exactOptional(),
});
export type RestoreOutcome = z.infer<typeof restoreOutcomeSchema>;

export const drillRequestSchema = z.object({
  /** a file name, or `latest` */
  backup: z.string().min(1),
});
export type DrillRequest = z.infer<typeof drillRequestSchema>;

export const drillOutcomeSchema = z.object({
  backup: z.string(),
  ok: z.boolean(),
  files: z.number(),
  problems: z.array(z.string()),
});
export type DrillOutcome = z.infer<typeof drillOutcomeSchema>;

export const undeleteRequestSchema = z.object({
  /** a file name, of a backup in the trash */
  backup: z.string().min(1),
});
export const undeleteOutcomeSchema = z.object({ backup: entrySchema });

export const copyRequestSchema = z.object({
  /** of the settings */
  store: z.string().min(1),
  /** a file name, or `latest`; absent: every good backup that is newer than the newest copy there */
  backup: z.string().min(1).exactOptional(),
  /** every good backup that the store does not have */
  all: z.boolean().exactOptional(),
  /** no good backup is no error */
  ifAny: z.boolean().exactOptional(),
  /** this host writes to the store from now on, whoever did before */
  takeOver: z.boolean().exactOptional(),
});
export type CopyRequest = z.infer<typeof copyRequestSchema>;

export const copyOutcomeSchema = z.object({
  store: z.string(),
  copies: z.array(
    z.object({
      filename: z.string(),
      bytes_sent: z.number(),
      bytes_total: z.number(),
      packs: z.number(),
      /** it was there already */
      already: z.boolean().exactOptional(),
    }),
  ),
});
export type CopyOutcome = z.infer<typeof copyOutcomeSchema>;

/**
 * What a host knows of a store without asking it; kept in the state directory. Times are ISO 8601 UTC. Every field is optional: a state
 * outlives deployments, and a new store has none.
 */
export const storeStateSchema = z.object({
  store: z.string().exactOptional(),
  /** without secrets */
  url: z.string().exactOptional(),
  encrypted: z.boolean().exactOptional(),
  /** of the last copy, however it went */
  tried_at: z.string().exactOptional(),
  /** of the last copy that went well */
  done_at: z.string().exactOptional(),
  /** of the last copy; null: it went well */
  failure: z
    .object({
      code: z.enum(Object.keys(ERRORS) as ErrorCode[]),
      message: z.string(),
      why: z.string(),
      hint: z.string(),
    })
    .nullable()
    .exactOptional(),
  copies: z.number().exactOptional(),
  /** recipes that could not be read */
  unread: z.number().exactOptional(),
  newest: z.object({ filename: z.string(), created_at: z.string(), arrived: z.string() }).exactOptional(),
  /** the last look at what the store holds, without a key */
  checked: z
    .object({
      at: z.string(),
      packs_read: z.number(),
      /** when packs were last read back; before that, when they were first looked at */
      read_at: z.string().exactOptional(),
      problems: z.array(z.string()),
    })
    .exactOptional(),
  pruned: z
    .object({
      removed: z.number(),
      removed_packs: z.number(),
      /** objects whose removal the store refused */
      refused: z.number(),
      /** why nothing was removed */
      held: z.string().exactOptional(),
    })
    .exactOptional(),
  /** the newest copy that was drilled well */
  drilled_at: z.string().exactOptional(),
  /** the last drill that ran by itself */
  drill: z
    .object({ backup: z.string(), at: z.string(), ok: z.boolean(), problems: z.array(z.string()) })
    .exactOptional(),
  /** of the newest copy; null: it is not locked */
  lock: z.object({ backup: z.string(), days: z.number(), until: z.string().nullable() }).exactOptional(),
  keys: z.array(z.object({ recipient: z.string(), proved_at: z.string().nullable() })).exactOptional(),
});
export type StoreState = z.infer<typeof storeStateSchema>;
