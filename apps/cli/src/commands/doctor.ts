import { alertPlanFrom, maxAgeOf, nextRuns } from '@gofr-backup/config';
import { type HealthFacts, type HealthLine, judgeHealth, lookLocally } from '@gofr-backup/core';
import { systemClock } from '@gofr-backup/model';
import { channelsOf } from '@gofr-backup/notify';
import type { QueueStatus } from '@gofr-backup/queue';
import { findQueue, isOfRedis } from '../queue/reach-queue.ts';
import type { Session } from '../session.ts';
import { costLines, storeCosts } from '../store/costs.ts';
import type { StoreOptions } from '../store/given.ts';
import { storeFacts } from '../store/store-facts.ts';
import { sendTest } from './notify.ts';

const SHOWN_RUNS = 3;

/** Answers 1 when anything needs a person. */
export async function run(
  session: Session,
  _args: string[],
  options: StoreOptions & { testAlerts?: boolean },
): Promise<number> {
  const checks = judgeHealth(await factsOf(session, options.testAlerts === true));
  const costs = options.store === undefined ? undefined : await storeCosts(session, options);
  session.answer({ checks, ...(costs && { costs }) }, [
    ...checks.flatMap((line) => linesOf(session, line)),
    ...(costs ? costLines(costs) : []),
  ]);
  return checks.every(({ ok }) => ok) ? 0 : 1;
}

function linesOf({ paint }: Session, { name, ok, message, hint }: HealthLine): string[] {
  const sign = ok ? paint.good('✓') : paint.bad('✗');
  return [`${sign} ${name.padEnd(10)} ${message}`, ...(hint === '' ? [] : [`    to do: ${hint}`])];
}

async function factsOf(session: Session, testAlerts: boolean): Promise<HealthFacts> {
  const { settings } = session;
  const now = systemClock.now();
  const { backups, ...local } = await lookLocally(session.context('doctor'));
  const queue = await askQueue(session);
  const { schedule: pattern, timezone, enabled } = settings;
  const next = nextRuns(pattern, timezone, now, SHOWN_RUNS);
  const scheduled = queue.status?.next.some(({ job }) => job === 'backup');
  return {
    ...{ now, timezone, ...local },
    stores: await storeFacts(session, { ask: true }),
    schedule: { enabled, pattern, timezone, next, scheduled },
    redis: queue.redis,
    alerts: await alertsOf(session, testAlerts),
    backups: { ...backups, maxAge: maxAgeOf(settings, now) },
  };
}

/** Without a running service nothing is known to be scheduled, and the line of Redis says why. */
async function askQueue(session: Session): Promise<{ redis: HealthFacts['redis']; status?: QueueStatus }> {
  try {
    await using reached = await findQueue(session);
    if (reached === undefined) return { redis: { state: 'none' } };
    const { queueStatus } = await import('@gofr-backup/queue');
    const status = await queueStatus(reached.queue);
    if (status.evicts !== undefined) return { redis: { state: 'evicts', policy: status.evicts }, status };
    if (status.paused.length > 0) return { redis: { state: 'paused', queues: status.paused }, status };
    if (session.settings.redisUrl === undefined) return { redis: { state: 'own' }, status };
    const { address } = reached.queue.connection;
    return { redis: { state: 'answers', address, workers: status.workers }, status };
  } catch (error) {
    if (!isOfRedis(error)) throw error;
    return { redis: { state: 'down', problem: [error.message, error.why].filter(Boolean).join(': ') } };
  }
}

async function alertsOf(session: Session, test: boolean): Promise<HealthFacts['alerts']> {
  const plan = alertPlanFrom(session.settings);
  const heartbeat = plan.heartbeatUrl === undefined ? [] : ['heartbeat'];
  const channels = [...channelsOf(plan).map(({ name }) => name), ...heartbeat];
  if (!test || channels.length === 0) return { channels };
  return { channels, deliveries: await sendTest(session, 'gofr-backup doctor --test-alerts') };
}
