import { loadSettings } from '@gofr-backup/config';
import { silentLogger } from '@gofr-backup/model';
import type { Alert, Channel, Message } from '@gofr-backup/notify';
import {
  acknowledge,
  alertsKey,
  connect,
  type Connection,
  openAlerts,
  type WorkerReport,
  writeReport,
} from '@gofr-backup/queue';
import { fakeClock, type PrivateRedis, privateRedis, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { conditionsOf, type Limits } from './conditions.ts';
import { Teller } from './teller.ts';
import { startWatch } from './watch.ts';

const HOUR = 3_600_000;
const now = Date.parse('2026-03-03T12:00:00Z');
const iso = (hoursAgo: number) => new Date(now - hoursAgo * HOUR).toISOString();
const limits: Limits = {
  maxAge: 26 * HOUR,
  maxSilence: HOUR / 20,
  maxCopyAge: { b2: 50 * HOUR },
  diskPercent: 90,
  timezone: 'UTC',
  since: now - 48 * HOUR,
};
const well: WorkerReport = {
  seen_at: iso(0),
  newest_good_at: iso(10),
  last_backup: { ok: true, at: iso(10) },
};

test.each<[string, WorkerReport, string[]]>([
  ['all is well', well, []],
  ['the worker died', { ...well, seen_at: iso(1) }, ['worker-silent']],
  ['nothing was ever heard', {}, ['worker-silent', 'backup-overdue']],
  [
    'the last run failed',
    { ...well, last_backup: { ok: false, at: iso(1), message: 'disk full' } },
    ['backup-failed'],
  ],
  ['the newest good backup is old', { ...well, newest_good_at: iso(27) }, ['backup-overdue']],
  [
    'the newest good backup is dated in the future, by a clock that was wrong',
    { ...well, newest_good_at: iso(-400) },
    ['backup-overdue'],
  ],
  ['the worker was last seen in the future', { ...well, seen_at: iso(-400) }, ['worker-silent']],
  [
    'the clocks of two hosts differ by minutes',
    { ...well, seen_at: iso(-0.05), newest_good_at: iso(-0.05) },
    [],
  ],
  ['two are damaged', { ...well, corrupt: ['a', 'b'] }, ['corrupt', 'corrupt']],
  ['pruning is held', { ...well, held: 'it shrank.' }, ['prune-held']],
  ['a drill failed', { ...well, last_drill: { ok: false, at: iso(1), backup: 'a' } }, ['drill-failed']],
  ['the disk is at its limit', { ...well, disk: { free: 10, size: 100 } }, ['disk-nearly-full']],
  ['a component has no directory any more', { ...well, data_gone: ['storage'] }, ['data-gone']],
  [
    'a copy failed, and the newest is old',
    {
      ...well,
      stores: [
        {
          store: 'b2',
          failure: { code: 'IO', message: 'copying failed', why: 'no route', hint: 'Wait.' },
          newest: { filename: 'a', created_at: iso(51), arrived: iso(50) },
        },
      ],
    },
    ['copy-failed', 'copy-overdue'],
  ],
  ['a store that the settings do not name', { ...well, stores: [{ store: 'old' }] }, []],
  ['there is room', { ...well, disk: { free: 11, size: 100 } }, []],
])('%s', (_, report, kinds) => {
  expect(conditionsOf(report, limits, now).map(({ kind }) => kind)).toEqual(kinds);
});

test('a scheduler that has just started gives the worker time to be heard of', () => {
  expect(conditionsOf({ ...well, seen_at: iso(9) }, { ...limits, since: now - 60_000 }, now)).toEqual([]);
});

/** Two schedulers on one real Redis, and a receiver that fails as often as asked. */
async function watched(
  work: (world: World) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'command' });
  const clock = fakeClock(now);
  const world: World = {
    ...{ alerts: [], failing: 0, connection, clock },
    report: (news) => writeReport(connection, 'plot', news),
  };
  const channel: Channel = {
    name: 'test',
    send(alert) {
      if (world.failing-- > 0) return Promise.reject(new Error('not now'));
      world.alerts.push(alert);
      return Promise.resolve();
    },
  };
  await world.report(well);
  const options = {
    ...{ settings: loadSettings(settings), plan: {}, connection, clock, logger: silentLogger },
    ...{ intervalMs: 20, channels: [channel] },
  };
  const schedulers = [startWatch(options), startWatch(options)];
  try {
    await work(world);
  } finally {
    await Promise.all(schedulers.map((scheduler) => scheduler.stop()));
    connection.close();
  }
}
interface World {
  alerts: Message[];
  failing: number;
  connection: Connection;
  clock: ReturnType<typeof fakeClock>;
  report(news: Parameters<typeof writeReport>[2]): Promise<void>;
}
const told = ({ alerts }: World) => alerts.map(({ kind, state }) => `${state} ${kind}`);

test('told once when it begins and once when it is over, however many schedulers watch', async () => {
  await watched(async (world) => {
    await world.report({ held: 'it shrank.' });
    await waitFor(() => world.alerts.length > 0);
    await world.report({ last_backup: { ok: false, at: iso(0), message: 'no room' } });
    await waitFor(() => world.alerts.length > 1);
    await world.report({ held: undefined, last_backup: { ok: true, at: iso(0) } });
    await waitFor(() => world.alerts.length > 3);
    expect(told(world).slice(0, 2)).toEqual(['raised prune-held', 'raised backup-failed']);
    expect(told(world).slice(2).sort()).toEqual(['resolved backup-failed', 'resolved prune-held']);
    expect(world.alerts[1]?.text).toContain('no room');
  });
});

test('acknowledged: told as resolved with who and when, silent while it goes on, told again when worse or anew', async () => {
  await watched(async (world) => {
    const { connection } = world;
    await world.report({ disk: { free: 10, size: 100 }, held: 'it shrank.' });
    await waitFor(() => world.alerts.length === 2);
    await expect(acknowledge(connection, 'plot', 'corrupt', { by: 'x', at: iso(0) })).rejects.toThrow(
      'No alert "corrupt" is open',
    );
    await acknowledge(connection, 'plot', 'disk-nearly-full', { by: 'root on the command line', at: iso(0) });
    await waitFor(() => world.alerts.length === 3);
    expect(world.alerts[2]).toMatchObject({
      ...{ kind: 'disk-nearly-full', state: 'resolved' },
      text: expect.stringMatching(
        /^Acknowledged by root on the command line at 2026-03-03 12:00(:00)? UTC\. It goes on.* It is: 90 % /,
      ) as string,
    });
    // as full as before: the second alert is the proof that the checks went on
    await world.report({ disk: { free: 9, size: 100 }, corrupt: ['a'] });
    await waitFor(() => world.alerts.length === 4);
    expect(told(world)[3]).toBe('raised corrupt');
    expect(
      (await openAlerts(connection, 'plot')).map(({ kind, acknowledged }) => [kind, acknowledged?.by]),
    ).toEqual(
      expect.arrayContaining([
        ['disk-nearly-full', 'root on the command line'],
        ['prune-held', undefined],
      ]),
    );
    await world.report({ disk: { free: 4, size: 100 } });
    await waitFor(() => world.alerts.length === 5);
    await acknowledge(connection, 'plot', 'disk-nearly-full', { by: 'anna', at: iso(0) });
    await waitFor(() => world.alerts.length === 6);
    await world.report({ disk: { free: 50, size: 100 }, corrupt: ['a', 'b'] });
    await waitFor(() => world.alerts.length === 7);
    await world.report({ disk: { free: 9, size: 100 } });
    await waitFor(() => world.alerts.length === 8);
    expect(told(world).slice(4)).toEqual([
      'raised disk-nearly-full',
      'resolved disk-nearly-full',
      'raised corrupt',
      'raised disk-nearly-full',
    ]);
  });
});

test('times that are none, and what nobody could read, in Redis end no check', async () => {
  await watched(async (world) => {
    const { client } = world.connection;
    const requests = `${alertsKey('plot')}:acknowledged`;
    await world.report({ held: 'it shrank.' });
    await waitFor(() => world.alerts.length === 1);
    const asked = { by: 'x', at: 'noon', since: world.alerts[0]?.since };
    await client.hset(requests, 'prune-held', JSON.stringify(asked));
    await world.report({ corrupt: ['a'] });
    await waitFor(() => world.alerts.length === 2);
    const alert = { ...world.alerts[1], since: 'noon' };
    await client.set(alertsKey('plot'), JSON.stringify({ alert }));
    await client.hset(requests, 'corrupt/a', JSON.stringify({ ...asked, at: iso(0), since: 'noon' }));
    await waitFor(() => world.alerts.length === 4);
    await client.setrange(alertsKey('plot'), 9 << 20, 'x');
    await waitFor(() => world.alerts.length === 6);
    expect(new Set(told(world))).toEqual(new Set(['raised prune-held', 'raised corrupt']));
    expect(await client.strlen(alertsKey('plot'))).toBeLessThan(10_000);
  });
});

test('a damaged backup that is gone is not told as mended; one that reads well again is', async () => {
  await watched(async (world) => {
    await world.report({ corrupt: ['removed', 'mended'] });
    await waitFor(() => world.alerts.length > 1);
    await world.report({ gone: ['removed'] });
    await world.report({ corrupt: [] });
    await waitFor(() => world.alerts.length > 3);
    const endings = Object.fromEntries(
      world.alerts.slice(2).map(({ about, title, text }) => [about, { title, text }]),
    );
    expect(endings['removed']).toMatchObject({
      title: 'a damaged backup is gone',
      text: expect.stringContaining('It was not mended'),
    });
    expect(endings['mended']).toMatchObject({
      title: 'a backup is damaged',
      text: expect.stringMatching(/^It is good again, seen at .* It was: mended failed verification/),
    });
  });
});

test('an alert nobody took is told again until somebody does', async () => {
  await watched(async (world) => {
    world.failing = 3;
    await world.report({ corrupt: ['gofr-plot_daily_20260301_020000.tar.gz'] });
    await waitFor(() => world.alerts.length > 0, { timeout: 20_000 });
    expect(told(world)).toEqual(['raised corrupt']);
  });
}, 30_000);

test('a summary: once a turn of its schedule, however many schedulers watch, and again when nobody took it', async () => {
  await watched(
    async (world) => {
      await world.report({ disk: { free: 50 * 2 ** 30, size: 100 * 2 ** 30 } });
      // the first turn is counted from the start
      await waitFor(() => world.connection.client.exists('{gofr-backup}:gofr-plot-backup:alerts:summary'));
      world.failing = 2;
      // from a Tuesday to the next
      world.clock.advance(7 * 24 * HOUR);
      await world.report({ seen_at: new Date(world.clock.now()).toISOString() });
      await waitFor(() => world.alerts.some(({ kind }) => kind === 'summary'), { timeout: 20_000 });
      world.clock.advance(24 * HOUR);
      await world.report({ seen_at: new Date(world.clock.now()).toISOString(), held: 'it shrank.' });
      await waitFor(() => world.alerts.some(({ kind }) => kind === 'prune-held'));
      const summaries = world.alerts.filter(({ kind }) => kind === 'summary');
      expect(summaries).toHaveLength(1);
      expect(summaries[0]).toMatchObject({ state: 'summary', since: new Date(now).toISOString() });
      expect(summaries[0]!.text).toContain('Newest good backup: 2026-03-03 02:00');
      expect(summaries[0]!.text).toContain('50.00 GB of 100.0 GB free');
    },
    { BACKUP_ALERT_SUMMARY_SCHEDULE: '0 8 * * 1' },
  );
}, 30_000);

test('alerts carry a link to the page that shows what they are about', async () => {
  await watched(
    async (world) => {
      await world.report({
        corrupt: ['a b'],
        data_gone: ['storage'],
        last_backup: { ok: false, at: iso(0) },
      });
      await waitFor(() => world.alerts.length === 3);
      const links = Object.fromEntries(world.alerts.map(({ kind, link }) => [kind, link]));
      expect(links).toEqual({
        corrupt: 'https://b.example.org/base/backups/a%20b',
        'data-gone': 'https://b.example.org/base/',
        'backup-failed': 'https://b.example.org/base/jobs',
      });
    },
    { BACKUP_DASHBOARD_URL: 'https://b.example.org/base' },
  );
});

test('no summary is told that nobody asked for', async () => {
  await watched(async (world) => {
    world.clock.advance(14 * 24 * HOUR);
    await world.report({ held: 'it shrank.' });
    await waitFor(() => world.alerts.some(({ kind }) => kind === 'prune-held'));
    expect(world.alerts.filter(({ kind }) => kind === 'summary')).toEqual([]);
  });
});

/** One scheduler, its connection as services have it, and what it logs. */
async function alone(
  redis: PrivateRedis,
  channel: Channel,
  work: (seen: { clock: ReturnType<typeof fakeClock>; logged: string[] }) => Promise<void>,
): Promise<void> {
  const connection = await connect(redis.url, { mode: 'service' });
  const clock = fakeClock(now);
  const logged: string[] = [];
  const log = (_facts: object, text: string) => void logged.push(text);
  const logger = { ...silentLogger, warn: log, error: log, info: log };
  const shared = { settings: loadSettings({}), plan: {}, connection, clock, logger };
  await waitFor(() => connection.client.status === 'ready');
  await writeReport(connection, 'plot', well);
  const watch = startWatch({ ...shared, intervalMs: 20, channels: [channel] });
  try {
    await work({ clock, logged });
  } finally {
    await watch.stop();
    connection.close();
  }
}

test.each([
  ['killed', (redis: PrivateRedis) => redis.kill(), (redis: PrivateRedis) => redis.start()],
  [
    'read-only',
    (redis: PrivateRedis) => ask(redis, 'replicaof', '127.0.0.1', '1'),
    (redis: PrivateRedis) => ask(redis, 'replicaof', 'no', 'one'),
  ],
])('Redis %s for long: told from memory, once; and that it is over', async (_, begin, end) => {
  await using redis = await privateRedis();
  const alerts: Alert[] = [];
  const channel = {
    name: 'test',
    send: async (alert: Alert) => void (alert.kind === 'queue-away' && alerts.push(alert)),
  };
  await alone(redis, channel, async ({ clock, logged }) => {
    await begin(redis);
    await waitFor(() => logged.includes('the watch could not look'));
    expect(alerts).toEqual([]);
    clock.advance(11 * 60_000);
    await waitFor(() => alerts.length > 0);
    await end(redis);
    await waitFor(() => alerts.length > 1);
    expect(alerts.map(({ state }) => state)).toEqual(['raised', 'resolved']);
  });
});

async function ask(redis: PrivateRedis, command: string, ...args: string[]): Promise<void> {
  const connection = await connect(redis.url, { mode: 'command' });
  await connection.client.call(command, ...args);
  connection.close();
}

test('an alert that no channel takes is logged once and tried ever more rarely', async () => {
  const tried: string[] = [];
  const logged: string[] = [];
  const log = (_facts: object, text: string) => void logged.push(text);
  const refusing = (alert: Alert) => {
    tried.push(alert.kind);
    return Promise.reject(new Error('no'));
  };
  const teller = new Teller(
    [{ name: 'test', send: refusing }],
    { ...silentLogger, warn: log, error: log },
    {
      ...{ attempts: 1, timeoutMs: 1000, backoffMs: 1 },
    },
  );
  const at = iso(0);
  const alert: Alert = {
    ...{ kind: 'corrupt', about: 'a', title: '', text: '', project: 'plot', state: 'raised', at, since: at },
  };
  const answers = [];
  for (let check = 0; check < 12; check++) answers.push(await teller.tell(alert));
  expect(answers.filter(Boolean)).toEqual([]);
  // checks 1, 3, 7: one is left out, then three, then seven
  expect(tried).toHaveLength(3);
  expect(logged).toEqual(['alert', 'an alert could not be delivered']);
});
