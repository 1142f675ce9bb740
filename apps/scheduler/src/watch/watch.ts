/**
 * Watches the worker from outside, so that a dead one cannot silence its own alarm. What was told stays in Redis:
 * restarts and further schedulers do not tell it again.
 */
import { z } from 'zod';
import { type AlertPlan, maxAgeOf, maxCopyAges, type Settings } from '@gofr-backup/config';
import type { Clock, Logger } from '@gofr-backup/model';
import {
  type Alert,
  ALERT_KINDS,
  type Channel,
  changes,
  channelsOf,
  deliver,
  type Raised,
  remember,
} from '@gofr-backup/notify';
import { type Connection, KEY_PREFIX, queueName, readReport } from '@gofr-backup/queue';
import { conditionsOf, endingOf, type Limits } from './conditions.ts';

const INTERVAL_MS = 30_000;
const MAX_SILENCE_MS = 3 * 60_000;
/** longer than any delivery takes: three attempts of ten seconds and their pauses */
const TURN_SECONDS = 60;

export interface WatchOptions {
  settings: Settings;
  plan: AlertPlan;
  connection: Connection;
  clock: Clock;
  logger: Logger;
  /** for tests */
  intervalMs?: number;
  maxSilenceMs?: number;
  channels?: Channel[];
}

/** Checks every half minute until stopped. Without Redis it waits, because there is nothing to compare with. */
export function startWatch(options: WatchOptions): { stop(): Promise<void> } {
  const { clock, logger } = options;
  const since = clock.now();
  let checking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    checking = checking
      .then(() => checkConditions(options, limitsOf(options, since)))
      .catch((error: unknown) => {
        logger.warn({ reason: String(error) }, 'the watch could not look');
      });
  }, options.intervalMs ?? INTERVAL_MS);
  return {
    async stop() {
      clearInterval(timer);
      await checking;
    },
  };
}

function limitsOf({ settings, clock, maxSilenceMs = MAX_SILENCE_MS }: WatchOptions, since: number): Limits {
  return {
    maxAge: settings.enabled ? maxAgeOf(settings, clock.now()) : Number.POSITIVE_INFINITY,
    maxSilence: maxSilenceMs,
    maxCopyAge: maxCopyAges(settings, clock.now()),
    diskPercent: settings.diskAlertPercent,
    timezone: settings.timezone,
    since,
  };
}

async function checkConditions(options: WatchOptions, limits: Limits): Promise<void> {
  const { connection, settings, clock } = options;
  if (connection.client.status !== 'ready') return;
  const key = `${KEY_PREFIX}:${queueName(settings.project)}:alerts`;
  // a turn that would never end is nobody's
  if ((await connection.client.pttl(`${key}:turn`)) === -1) await connection.client.unlink(`${key}:turn`);
  // one scheduler at a time; the turn ends by itself when its holder dies
  if ((await connection.client.set(`${key}:turn`, '1', 'EX', TURN_SECONDS, 'NX')) === null) return;
  try {
    let told = raisedOf(await connection.client.get(key).catch(() => null));
    const report = await readReport(connection, settings.project);
    const conditions = conditionsOf(report, limits, clock.now());
    const at = new Date(clock.now()).toISOString();
    for (const alert of changes(settings.prefix, told, conditions, at)) {
      // Sent, then remembered: a crash between the two repeats a message, where the other order would lose it.
      if (!(await tell(options, endingOf(alert, report)))) continue;
      told = remember(told, alert);
      await connection.client.set(key, JSON.stringify(told));
    }
  } finally {
    await connection.client.del(`${key}:turn`);
  }
}

const raisedSchema = z.record(
  z.string(),
  z.object({
    kind: z.enum(ALERT_KINDS),
    about: z.string(),
    title: z.string(),
    text: z.string(),
    since: z.string(),
  }),
);

/** What does not parse counts as nothing told: an alert twice is better than none. */
function raisedOf(text: string | null): Raised {
  try {
    return raisedSchema.safeParse(JSON.parse(text ?? '{}')).data ?? {};
  } catch {
    return {};
  }
}

/** False when no channel took the alert: the next check sends it again. */
async function tell(
  { plan, channels = channelsOf(plan), logger }: WatchOptions,
  alert: Alert,
): Promise<boolean> {
  logger.warn({ alert: alert.kind, about: alert.about, state: alert.state, text: alert.text }, 'alert');
  const deliveries = await deliver(alert, channels);
  for (const { channel, ok, attempts, reason } of deliveries) {
    if (!ok)
      logger.error({ channel, attempts, reason, alert: alert.kind }, 'an alert could not be delivered');
  }
  return deliveries.length === 0 || deliveries.some(({ ok }) => ok);
}
