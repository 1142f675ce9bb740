/**
 * Watches the worker from outside, so that a dead one cannot silence its own alarm. What was told stays in Redis:
 * restarts and further schedulers do not tell it again.
 */
import { type AlertPlan, maxAgeOf, maxCopyAges, type Settings } from '@gofr-backup/config';
import { BackupError, type Clock, type Condition, type Logger } from '@gofr-backup/model';
import { type Channel, changes, channelsOf, type Message, remember, withoutEnded } from '@gofr-backup/notify';
import {
  alertsKey,
  askRedis,
  type Connection,
  forgetAcknowledgements,
  readAcknowledgements,
  readRaised,
  readReport,
  readSummaryTime,
  repeat,
  type WorkerReport,
  writeRaised,
  writeSummaryTime,
} from '@gofr-backup/queue';
import { Absence } from './absence.ts';
import { conditionsOf, endingOf, type Limits } from './conditions.ts';
import { linking } from './link.ts';
import { isDue, summaryOf } from './summary.ts';
import { Teller } from './teller.ts';

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
  maxAbsenceMs?: number;
  channels?: Channel[];
}

/**
 * Checks every half minute until stopped. When it could not look for long, because Redis is away, silent or refuses, it tells that
 * from memory: what was told is in Redis.
 */
export function startWatch(options: WatchOptions): { stop(): Promise<void> } {
  const { plan, clock, logger, channels = channelsOf(plan) } = options;
  const since = clock.now();
  const { dashboardUrl } = options.settings;
  const teller = new Teller(
    channels.map((channel) => linking(channel, dashboardUrl)),
    logger,
  );
  const absence = new Absence(options, teller);
  const check = async (): Promise<void> => {
    try {
      await askRedis(options.connection, () => checkConditions(options, limitsOf(options, since), teller));
      await absence.over();
    } catch (error) {
      absence.begins(reasonOf(error));
    }
  };
  const interval = options.intervalMs ?? INTERVAL_MS;
  const checking = repeat(interval, check);
  // beside it: also a check that hangs is told
  const timer = setInterval(() => void absence.tellWhenLong(), interval);
  return {
    async stop() {
      clearInterval(timer);
      await checking.stop();
    },
  };
}

/** With what to do about a refusal. */
const reasonOf = (error: unknown): string =>
  error instanceof BackupError
    ? `${error.message} (${error.why}). ${error.hint.replace(/\.$/, '')}`
    : String(error);

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

async function checkConditions(options: WatchOptions, limits: Limits, teller: Teller): Promise<void> {
  const { connection, settings } = options;
  if (connection.client.status !== 'ready') throw new Error('Redis cannot be reached');
  const turn = `${alertsKey(settings.project)}:turn`;
  // a turn that would never end is nobody's
  if ((await connection.client.pttl(turn)) === -1) await connection.client.unlink(turn);
  // one scheduler at a time; the turn ends by itself when its holder dies
  if ((await connection.client.set(turn, '1', 'EX', TURN_SECONDS, 'NX')) === null) return;
  try {
    await tellChanges(options, limits, teller);
  } finally {
    await connection.client.del(turn);
  }
}

async function tellChanges(options: WatchOptions, limits: Limits, teller: Teller): Promise<void> {
  const { connection, settings, clock } = options;
  const { project } = settings;
  const known = await readRaised(connection, project);
  await forgetAcknowledgements(connection, project, known);
  const acknowledgements = await readAcknowledgements(connection, project, known);
  const report = await readReport(connection, project);
  const conditions = conditionsOf(report, limits, clock.now());
  let told = withoutEnded(known, conditions);
  if (Object.keys(told).length < Object.keys(known).length) await writeRaised(connection, project, told);
  const at = new Date(clock.now()).toISOString();
  const alerts = changes(told, { project: settings.prefix, conditions, acknowledgements, at });
  const summary = await dueSummary(options, report, conditions);
  teller.onlyThese(summary ? [...alerts, summary] : alerts);
  for (const alert of alerts) {
    // Sent, then remembered: a crash between the two repeats a message, where the other order would lose it.
    if (!(await teller.tell(endingOf(alert, report, settings.timezone)))) continue;
    told = remember(told, alert);
    await writeRaised(connection, project, told);
  }
  if (summary && (await teller.tell(summary))) await writeSummaryTime(connection, project, clock.now());
}

/** Undefined: it is off, not due, or the first schedule of all, from which it is counted. */
async function dueSummary(
  { settings, connection, clock }: WatchOptions,
  report: WorkerReport,
  conditions: readonly Condition[],
): Promise<Message | undefined> {
  const { project, timezone, alertSummarySchedule: pattern } = settings;
  if (pattern === null) return undefined;
  const now = clock.now();
  const told = await readSummaryTime(connection, project);
  if (told === undefined) await writeSummaryTime(connection, project, now);
  if (told === undefined || !isDue(pattern, timezone, { now, told })) return undefined;
  const since = Math.min(told, now);
  return summaryOf({ project: settings.prefix, report, conditions, timezone, now, since });
}
