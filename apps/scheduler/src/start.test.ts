// opens stdin, as OpenTelemetry's import of it would later: no leak of the test that is the first to trace
import 'node:process';
import { loadSettings, type Settings } from '@gofr-backup/config';
import { type Logger, silentLogger, systemClock } from '@gofr-backup/model';
import {
  type BackupQueue,
  connect,
  type Connection,
  type Consumer,
  enqueue,
  findJob,
  judgeOf,
  type JobName,
  listJobs,
  openQueue,
  type Processors,
  queueStatus,
  startConsumer,
  startTracing,
  type Tracing,
} from '@gofr-backup/queue';
import {
  privateRedis,
  timeTravel,
  traceCollector,
  waitFor,
  watchLeaks,
  type PrivateRedis,
  type TimeTravel,
} from '@gofr-backup/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { start, type Service } from './start.ts';

let redis: PrivateRedis;
let count = 0;
beforeAll(async () => {
  redis = await privateRedis();
});
afterAll(() => redis.stop());

interface LogLine {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

let travel: TimeTravel;
let project: string;
let connection: Connection;
let queue: BackupQueue;
const key = () => Promise.resolve(Buffer.alloc(32, 1));
let services: (Service | Consumer)[];
let lines: LogLine[];
let runs: { job: JobName; jobId: string; at: string; trigger: unknown }[];
let noLeaks: () => Promise<void>;
beforeEach(async () => {
  noLeaks = watchLeaks();
  travel = timeTravel('2025-12-13T01:30:00Z');
  project = `s${count++}`;
  connection = await connect(redis.url, { mode: 'service' });
  queue = openQueue(project, connection, { key });
  services = [];
  lines = [];
  runs = [];
});
afterEach(async () => {
  await Promise.all(services.map((one) => one.stop(400)));
  await queue.close();
  connection.close();
  travel[Symbol.dispose]();
  await noLeaks();
});

const settings = (env: Record<string, string> = {}): Settings =>
  loadSettings({
    GOFR_PROJECT: project,
    BACKUP_REDIS_URL: redis.url,
    BACKUP_VERIFY_SCHEDULE: 'off',
    BACKUP_DRILL_SCHEDULE: 'off',
    BACKUP_CLEANUP_ON_START: 'false',
    ...env,
  });

const log = (level: string) => (fields: object, message: string) => {
  lines.push({ level, message, fields: fields as Record<string, unknown> });
};
const logger: Logger = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') };
const said = (message: string): LogLine[] => lines.filter((line) => line.message === message);

async function schedule(env: Record<string, string> = {}): Promise<Service> {
  const service = await start(settings(env), { logger });
  services.push(service);
  return service;
}

/** Processors that only write down what ran and when. */
function work(telemetry?: Tracing['telemetry']): Consumer {
  const note =
    <Result>(job: JobName, result: Result) =>
    async (run: { jobId: string; payload: object }): Promise<Result> => {
      const trigger = 'trigger' in run.payload ? run.payload.trigger : undefined;
      runs.push({ job, jobId: run.jobId, at: new Date().toISOString(), trigger });
      return result;
    };
  const entry = {
    filename: 'a',
    filepath: '/a',
    tier: 'daily',
    timestamp: '2025-12-13T02:00:00',
    size_bytes: 1,
  } as const;
  const processors: Processors = {
    backup: note('backup', { backup: { ...entry, verified: true, status: 'good' }, promoted: [] }),
    verify: note('verify', { results: [] }),
    prune: note('prune', { dry_run: false, now: '', decisions: [] }),
    restore: note('restore', { backup: 'a', target: '/', files: 0, bytes: 0, safety_backup: null }),
    drill: note('drill', { backup: 'a', ok: true, files: 0, problems: [] }),
    copy: note('copy', { store: 'nas', copies: [] }),
    undelete: note('undelete', { backup: { ...entry, verified: true, status: 'good' } }),
  };
  const judge = judgeOf({ project, key, clock: systemClock, logger: silentLogger });
  const consumer = startConsumer({ project, connection, processors, judge, telemetry });
  services.push(consumer);
  return consumer;
}

const nextRun = async (): Promise<string> => {
  const next = await waitFor(async () => (await queueStatus(queue)).next.find(({ job }) => job === 'backup'));
  return new Date(next.at).toISOString();
};
const backups = () => runs.filter(({ job }) => job === 'backup');

/** Has the workers look, since they sleep by real time; resolves when all that is due has been worked off. */
async function settle(): Promise<void> {
  const { id } = await enqueue(queue, 'restore', { backup: 'latest' });
  await waitFor(async () => (await findJob(queue, id))?.state === 'completed');
  await waitFor(async () => {
    const { counts } = await queueStatus(queue);
    return counts.active + counts.waiting === 0;
  });
}

test('says the next run at start and after each run, in local time and UTC', async () => {
  await schedule({ BACKUP_SCHEDULE: '0 2 * * *', BACKUP_TIMEZONE: 'Europe/Berlin' });
  await waitFor(() => said('next run').length > 0);
  expect(said('next run').at(-1)?.fields).toEqual({
    schedule: 'backup',
    local: '2025-12-14 02:00:00 Europe/Berlin',
    utc: '2025-12-14T01:00:00.000Z',
  });
  travel.to('2025-12-14T01:00:01Z');
  work();
  await waitFor(() => said('scheduled run ended').length === 1);
  await waitFor(() => said('next run').length > 1);
  expect(said('next run').at(-1)?.fields).toMatchObject({ utc: '2025-12-15T01:00:00.000Z' });
  expect(backups()).toMatchObject([{ trigger: 'schedule' }]);
});

test('every minute is on the minute', async () => {
  travel.to('2025-12-13T01:30:58.700Z');
  await schedule({ BACKUP_SCHEDULE: '* * * * *' });
  await nextRun();
  work();
  const run = await waitFor(() => backups()[0]);
  expect(run.at).toMatch(/^2025-12-13T01:31:0[0-2]\./);
});

test('down across two due times: exactly one late run, and restarting the scheduler does not lose it', async () => {
  const first = await schedule();
  expect(await nextRun()).toBe('2025-12-13T02:00:00.000Z');
  await first.stop();
  travel.to('2025-12-15T10:00:00Z');
  for (let restart = 0; restart < 3; restart++) {
    const again = await schedule();
    await waitFor(() => said('next run').length === restart + 2);
    await again.stop();
  }
  await schedule();
  work();
  await waitFor(() => backups().length > 0);
  await settle();
  expect(backups()).toHaveLength(1);
  expect(await nextRun()).toBe('2025-12-16T02:00:00.000Z');
});

test('a changed schedule makes up for the run it would have dropped, once, whoever changes it', async () => {
  await (await schedule({ BACKUP_SCHEDULE: '0 2 * * *' })).stop();
  await nextRun();
  travel.to('2025-12-13T03:00:00Z');
  const changed = { BACKUP_SCHEDULE: '0 4 * * *' };
  await Promise.all([schedule(changed), schedule(changed)]);
  await waitFor(() => said('next run').length >= 2);
  expect(said('missed run will be made up for').length).toBeGreaterThan(0);
  work();
  await waitFor(() => backups().length > 0);
  await settle();
  expect(backups()).toMatchObject([{ jobId: `late-backup-${Date.parse('2025-12-13T02:00:00Z')}` }]);
  expect(await nextRun()).toBe('2025-12-13T04:00:00.000Z');
});

test('a changed schedule that missed nothing runs nothing', async () => {
  await (await schedule({ BACKUP_SCHEDULE: '0 2 * * *' })).stop();
  await schedule({ BACKUP_SCHEDULE: '0 4 * * *' });
  await waitFor(async () => (await nextRun()) === '2025-12-13T04:00:00.000Z');
  work();
  await settle();
  expect(backups()).toEqual([]);
});

test('two schedulers and two workers: each due time runs once', async () => {
  await Promise.all([schedule(), schedule()]);
  await nextRun();
  work();
  work();
  for (const day of ['13', '14', '15', '16']) {
    travel.to(`2025-12-${day}T02:00:01Z`);
    await settle();
  }
  expect(backups().map(({ at }) => at.slice(0, 10))).toEqual(
    ['13', '14', '15', '16'].map((day) => `2025-12-${day}`),
  );
});

test('the hour that comes twice runs once, the hour that never comes runs an hour later', async () => {
  travel.to('2026-10-24T12:00:00Z');
  await schedule({ BACKUP_SCHEDULE: '30 2 * * *', BACKUP_TIMEZONE: 'Europe/Berlin' });
  expect(await nextRun()).toBe('2026-10-25T00:30:00.000Z');
  work();
  travel.to('2026-10-25T00:30:01Z');
  await settle();
  expect(backups()).toHaveLength(1);
  expect(await nextRun()).toBe('2026-10-26T01:30:00.000Z');
  travel.to('2027-03-27T12:00:00Z');
  await settle();
  expect(await nextRun()).toBe('2027-03-28T01:30:00.000Z');
});

test('ENABLED=false removes the schedules, says so, runs nothing, and still serves by hand', async () => {
  await (await schedule()).stop();
  await nextRun();
  await schedule({ BACKUP_ENABLED: 'false', BACKUP_CLEANUP_ON_START: 'true' });
  await waitFor(async () => (await queueStatus(queue)).next.length === 0);
  expect(lines.some(({ message }) => message.includes('ENABLED=false'))).toBe(true);
  work();
  travel.to('2025-12-14T03:00:00Z');
  await enqueue(queue, 'backup', {});
  await settle();
  expect(runs.map(({ job, trigger }) => [job, trigger])).toEqual([
    ['backup', 'manual'],
    ['restore', undefined],
  ]);
});

test('verify and drill have schedules of their own, which go when they are switched off', async () => {
  const on = { BACKUP_VERIFY_SCHEDULE: '0 5 * * *', BACKUP_DRILL_SCHEDULE: '0 6 * * 0' };
  await (await schedule(on)).stop();
  expect((await queueStatus(queue)).next.map(({ job }) => job)).toEqual(['backup', 'verify', 'drill']);
  work();
  travel.to('2025-12-14T06:00:01Z');
  await settle();
  expect(runs.map(({ job }) => job).toSorted()).toEqual(['backup', 'drill', 'restore', 'verify']);
  await schedule();
  await waitFor(async () => (await queueStatus(queue)).next.length === 1);
});

test('CLEANUP_ON_START is one job, whatever number of schedulers start', async () => {
  await Promise.all([1, 2, 3].map(() => schedule({ BACKUP_CLEANUP_ON_START: 'true' })));
  await waitFor(() => said('next run').length === 3);
  expect(await listJobs(queue)).toMatchObject([
    { name: 'prune', payload: { dryRun: false, trigger: 'schedule' } },
  ]);
});

test('starts before Redis is there', async () => {
  await redis.kill();
  await schedule();
  await redis.start();
  expect(await nextRun()).toBe('2025-12-13T02:00:00.000Z');
  work();
  travel.to('2025-12-13T02:00:01Z');
  await settle();
  await waitFor(() => said('scheduled run ended').length === 1);
});

test('Redis comes back empty: the schedules are set again', async () => {
  await schedule();
  await nextRun();
  await connection.client.flushall();
  await redis.kill();
  await redis.start();
  expect(await nextRun()).toBe('2025-12-13T02:00:00.000Z');
  // the limit of one worker at a time was lost with them
  expect(await queue.bull.getGlobalConcurrency()).toBe(1);
});

test('a schedule whose next run somebody removed is set going again, and the run made up for when it was due', async () => {
  await (await schedule()).stop();
  const pending = `repeat:backup:${Date.parse(await nextRun())}`;
  await connection.client.del(queue.bull.toKey(pending));
  await connection.client.zrem(queue.bull.toKey('delayed'), pending);
  travel.to('2025-12-13T02:30:00Z');
  await schedule();
  expect(await waitFor(async () => (await nextRun()).startsWith('2025-12-14') && nextRun())).toBe(
    '2025-12-14T02:00:00.000Z',
  );
  work();
  await settle();
  expect(backups()).toHaveLength(1);
});

test('a schedule set up while the clock was years ahead comes when it should after all', async () => {
  travel.to('2031-01-01T00:00:00Z');
  await (await schedule()).stop();
  expect(await nextRun()).toBe('2031-01-01T02:00:00.000Z');
  travel.to('2025-12-13T01:30:00Z');
  await schedule();
  await waitFor(async () => (await nextRun()) === '2025-12-13T02:00:00.000Z');
});

test.runIf(process.env['GOFR_SLOW_TESTS'] === '1')(
  'every minute, by the real clock',
  async () => {
    travel[Symbol.dispose]();
    await schedule({ BACKUP_SCHEDULE: '* * * * *' });
    work();
    const run = await waitFor(() => backups()[0], { timeout: 70_000 });
    expect(run.at).toMatch(/:0[0-2]\.\d{3}Z$/);
  },
  90_000,
);

test('each run of a schedule is a trace of its own', async () => {
  const collector = await traceCollector();
  const otlpUrl = collector.url;
  const tracing = await startTracing({ project, otlpUrl });
  const service = await schedule({ BACKUP_OTLP_URL: otlpUrl });
  await nextRun();
  work(tracing.telemetry);
  for (const day of [13, 14, 15]) {
    travel.to(`2025-12-${day}T02:00:01Z`);
    await settle();
    await waitFor(() => backups().length === day - 12);
  }
  await service.stop();
  await tracing.stop();
  await collector.stop();
  const runs = collector.spans.filter(
    ({ name, attributes }) =>
      name.startsWith('process') && JSON.stringify(attributes).includes('"repeat:backup:'),
  );
  expect(runs).toHaveLength(3);
  expect(new Set(runs.map(({ traceId }) => traceId)).size).toBe(3);
});
