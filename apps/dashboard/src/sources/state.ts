/** Everything the overview, the metrics and /readyz say, gathered once. */
import { statfs } from 'node:fs/promises';
import { maxAgeOf } from '@gofr-backup/config';
import {
  type BackupPlan,
  type Catalogue,
  type Clock,
  DAY,
  HOUR,
  MINUTE,
  type StoreState,
} from '@gofr-backup/model';
import type { QueueStatus, WorkerReport } from '@gofr-backup/queue';
import { forecast, type Disk, type Forecast } from '@gofr-backup/core';
import { isOpen, type JobView } from '../view/job.ts';
import { safety, type LastRun, type Safety, type SafetyFacts, storeProblems } from '@gofr-backup/core';
import { dueRuns, longestGap, missedRuns, type Schedule } from '../view/schedule.ts';
import { survey, type Survey } from '@gofr-backup/core';
import type { CachedCatalogue } from './catalogue.ts';
import type { Work } from './work.ts';

/** The settings in the terms of the pages. */
export interface Rules {
  plan: BackupPlan;
  schedule: Schedule;
  drillSchedule: string | null;
  /** names of those that the settings name */
  stores: readonly { name: string }[];
  maxAgeHours: number | undefined;
  /** by the store's name: the newest copy may be this old, in ms */
  maxCopyAge: Readonly<Record<string, number>>;
}

export interface State {
  now: number;
  survey: Survey;
  safety: Safety;
  maxAge: number;
  nextRun: number | undefined;
  missed: readonly number[];
  disk: (Disk & { forecast: Forecast }) | undefined;
  jobs: JobView[] | undefined;
  queue: QueueStatus | undefined;
  /** what the worker saw of the data, while there is no good backup */
  look: WorkerReport['look'] | undefined;
  /** off-site copies, as the worker last told */
  copies: NonNullable<SafetyFacts['copies']>;
}

export interface Observer {
  timezone: string;
  rules: Rules;
  catalogue(): Promise<Catalogue>;
  /** as the directory is now, for what is decided by it */
  currentCatalogue(): Promise<Catalogue>;
  survey(): Promise<Survey>;
  observe(): Promise<State>;
}

/** How long a scheduled run may take to show in the directory before it counts as missed. */
const GRACE = 2 * HOUR;

export function observer(rules: Rules, catalogue: CachedCatalogue, work: Work, clock: Clock): Observer {
  const { timezone } = rules.plan;
  const { pattern: schedule } = rules.schedule;
  const maxAge = maxAgeOf(
    { schedule, timezone: rules.schedule.timezone, maxAgeHours: rules.maxAgeHours },
    clock.now(),
  );
  const surveyed = cachedSurvey(rules, catalogue, clock);
  const due = cachedDueRuns(rules);

  async function observe(): Promise<State> {
    const now = clock.now();
    const [found, disk, jobs, queue, report] = await Promise.all([
      surveyed(),
      diskOf(rules.plan.backupDir),
      // nothing is decided by the jobs that a file remembers
      work.queued(),
      work.status(),
      work.report(),
    ]);
    const next = rules.schedule.enabled ? queue?.next.find(({ job }) => job === 'backup')?.at : undefined;
    const missed = missedOf(rules, found, due(now), now);
    const room = disk && {
      ...disk,
      forecast: forecast(disk, found.all, now, rules.plan.retention.retentionDays),
    };
    const facts = {
      ...{ now, timezone, maxAge, missed, disk: room, nextRun: next, workers: queue?.workers },
      paused: queue?.paused ?? [],
      gone: report?.data_gone,
      scheduleEnabled: rules.schedule.enabled,
      lastRuns: jobs && lastRuns(jobs),
      minFree: rules.plan.minFree,
      maxDrillAge: maxDrillAge(rules, now),
      sharedDisk: report?.shared_disk ?? [],
      copies: copiesOf(rules, report?.stores ?? [], now),
    };
    const judged = safety(found, facts);
    return {
      now,
      survey: found,
      safety: judged,
      maxAge,
      nextRun: next,
      missed,
      disk: room,
      jobs,
      queue,
      copies: facts.copies,
      look: report?.look,
    };
  }
  return {
    timezone,
    rules,
    catalogue: () => catalogue.read(),
    currentCatalogue: () => catalogue.current(),
    survey: surveyed,
    observe,
  };
}

/** Keeps the digest while the catalogue is the same, because for 10,000 backups it costs more than the page. */
function cachedSurvey(rules: Rules, catalogue: CachedCatalogue, clock: Clock): () => Promise<Survey> {
  let held: { version: number; until: number; survey: Survey } | undefined;
  const { timezone, retention } = rules.plan;
  return async () => {
    const entries = await catalogue.read();
    const now = clock.now();
    // a future-dated backup becomes a past one with time
    if (held && held.version === catalogue.version() && now < held.until) return held.survey;
    const made = survey(entries, { timezone, now, unverifiedIsGood: retention.unverifiedIsGood });
    held = { version: catalogue.version(), until: now + 30_000, survey: made };
    return made;
  };
}

/** Of the stores that the settings name. */
function copiesOf({ maxCopyAge, plan }: Rules, states: readonly StoreState[], now: number): State['copies'] {
  return states.flatMap((state) => {
    const maxAge = maxCopyAge[state.store ?? ''];
    if (maxAge === undefined) return [];
    const since = Date.parse(state.tried_at ?? '') || now;
    return [{ state, problems: storeProblems(state, { now, timezone: plan.timezone, maxAge, since }) }];
  });
}

function maxDrillAge({ drillSchedule, schedule }: Rules, now: number): number {
  if (drillSchedule === null) return Infinity;
  const gap = longestGap({ pattern: drillSchedule, timezone: schedule.timezone, enabled: true }, now);
  return (gap ?? Infinity) + DAY;
}

/** A year of a cron pattern takes longer to unroll than a page to write, so it is done once a minute. */
function cachedDueRuns({ schedule, plan }: Rules): (now: number) => { runs: number[]; grace: number } {
  let held: { until: number; due: { runs: number[]; grace: number } } | undefined;
  return (now) => {
    if (held && now < held.until && now > held.until - MINUTE) return held.due;
    const from = now - Math.min(plan.retention.retentionDays, 366) * DAY;
    const grace = Math.min(GRACE, (longestGap(schedule, now) ?? GRACE) / 2);
    held = { until: now + MINUTE, due: { runs: dueRuns(schedule, from, now), grace } };
    return held.due;
  };
}

/** Only where daily backups are still kept: an older day without one was pruned, not missed. */
function missedOf(
  { plan }: Rules,
  { all }: Survey,
  { runs, grace }: { runs: readonly number[]; grace: number },
  now: number,
): number[] {
  const daily = all.filter(({ entry }) => entry.tier === 'daily').map(({ at }) => at);
  const full = daily.length >= plan.retention.maxCount;
  const from = full ? daily.reduce((least, at) => Math.min(least, at), now) : 0;
  return missedRuns(
    runs.filter((at) => at >= from),
    all.map(({ at }) => at),
    now,
    grace,
  );
}

function lastRuns(jobs: readonly JobView[]): LastRun[] {
  const seen = new Map<string, LastRun>();
  for (const job of jobs) {
    if (isOpen(job) || seen.has(job.name) || job.finishedAt === undefined || job.cancelled) continue;
    const reason = job.failure?.split('\n')[0];
    const ok = job.state === 'completed';
    seen.set(job.name, {
      operation: job.name,
      jobId: job.id,
      ok,
      at: job.finishedAt,
      ...(reason && { reason }),
    });
  }
  return [...seen.values()];
}

async function diskOf(directory: string): Promise<Disk | undefined> {
  try {
    const { blocks, bavail, bsize } = await statfs(directory, { bigint: true });
    return { total: Number(blocks * bsize), free: Number(bavail * bsize) };
  } catch {
    return undefined;
  }
}
