/** What `doctor` would say, as far as a dashboard knows: it sees no data, the worker told of it. */
import { nextRuns } from '@gofr-backup/config';
import { type HealthLine, judgeHealth } from '@gofr-backup/core';
import type { State } from '../sources/state.ts';
import type { Rules } from '../sources/state.ts';

const SHOWN_RUNS = 3;

/** The checks that are no business of the first view, or that only another process could answer. */
const LEFT_OUT = new Set(['alerts', 'copies', 'system']);

export function checklist(state: State, { plan, schedule }: Rules, redisUrl: boolean): HealthLine[] {
  const { now, survey, maxAge, disk, queue, look } = state;
  const { pattern, timezone, enabled } = schedule;
  const { lastDrill, newestGood } = survey;
  const lines = judgeHealth({
    ...{ now, timezone, uid: look?.uid, stores: [], alerts: { channels: [] } },
    ...{
      components: look?.components ?? [],
      servers: look?.servers ?? [],
      lacks: look?.lacks ?? [],
      sharedDisk: [],
    },
    space: disk
      ? {
          directory: plan.backupDir,
          free: disk.free,
          lastBackup: survey.newest?.entry.size_bytes,
          minFree: plan.minFree,
        }
      : { directory: plan.backupDir, problem: 'its file system does not tell' },
    schedule: {
      ...{ enabled, pattern, timezone, next: nextRuns(pattern, timezone, now, SHOWN_RUNS) },
      scheduled: queue?.next.some(({ job }) => job === 'backup'),
    },
    redis: redisOf(state, redisUrl),
    backups: {
      ...{ total: survey.all.length, newestGood: newestGood?.at, maxAge },
      lastDrill: lastDrill && { at: lastDrill.at, ok: lastDrill.ok, backup: lastDrill.entry.filename },
    },
  }).filter(({ name }) => !LEFT_OUT.has(name));
  return look === undefined ? [NOBODY_LOOKED, ...lines] : lines;
}

const NOBODY_LOOKED: HealthLine = {
  name: 'data',
  ok: false,
  message: 'No worker has looked at the data yet',
  hint: 'Start `gofr-backup serve` (or the worker service); `gofr-backup doctor` looks by itself.',
};

function redisOf({ queue }: State, redisUrl: boolean): Parameters<typeof judgeHealth>[0]['redis'] {
  if (queue === undefined)
    return redisUrl ? { state: 'down', problem: 'The queue does not answer' } : { state: 'none' };
  if (queue.paused.length > 0) return { state: 'paused', queues: queue.paused };
  return { state: 'answers', address: 'The queue', workers: queue.workers };
}
