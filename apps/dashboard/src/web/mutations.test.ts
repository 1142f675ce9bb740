/** Every way to change something, as the routes of the dashboard and of the bull-board that is installed name them. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@gofr-backup/model';
import {
  type BackupQueue,
  bullConnection,
  connect,
  enqueue,
  KEY_PREFIX,
  openQueue,
} from '@gofr-backup/queue';
import { fakeClock, privateRedis, waitFor } from '@gofr-backup/testing';
import { Worker } from 'bullmq';
import { expect, test } from 'vitest';
import { quickHash, visit, type Visitor } from '../visitor.fixture.ts';
import { createApp, type AppParts } from './app.ts';
import { queueBoard } from './board.ts';
import { clientReader } from './client.ts';

const PASSWORD = 'correct horse battery';
const TOKEN = 'a-token-for-scripts-0123';
const LOCKED = { BACKUP_DASHBOARD_PASSWORD: quickHash(PASSWORD), BACKUP_DASHBOARD_TOKEN: TOKEN };
const [FAILED, DELAYED] = ['job-that-failed', 'job-that-is-delayed'];
const directory = () => mkdtemp(join(tmpdir(), 'gofr-mutations-'));
const ACTIONS = ['backup', 'verify', 'drill', 'prune', 'cancel', 'acknowledge', 'else'];
const changes = ({ method }: { method: string }) => !['GET', 'HEAD', 'ALL'].includes(method);

test('no form changes anything without the token of the page it stands on', async () => {
  const parts = {
    ...{ project: 'plot', clock: fakeClock(), logger: silentLogger, settings: [], restoreCommand: '' },
    ...{ rights: { base: '', readOnly: false }, readClient: clientReader([]), queuesWritable: false },
    ...{ observer: { timezone: 'UTC' }, closing: new AbortController().signal },
  };
  const routes = createApp(parts as unknown as AppParts).routes.filter(changes);
  expect(routes.map(({ path }) => path).sort()).toEqual(['/actions/:action', '/login', '/logout']);
  await using visitor = await visit(await directory(), LOCKED);
  await visitor.submit('./login', { password: PASSWORD }, './login');
  const paths = routes.flatMap(({ path }) =>
    path.includes(':action') ? ACTIONS.map((name) => path.replace(':action', name)) : [path],
  );
  for (const path of paths)
    for (const fields of [{}, { csrf: '' }, { csrf: 'x'.repeat(43) }]) {
      const answer = await visitor.ask(path, { method: 'POST', body: new URLSearchParams(fields) });
      expect([path, answer.status]).toEqual([path, path === '/login' ? 400 : 403]);
    }
  expect((await visitor.ask('./')).status).toBe(200);
});

interface Scene extends AsyncDisposable {
  queue: BackupQueue;
  visitor: Visitor;
  /** bull-board's own routes that change something, with the ids of what is in the queue */
  mutations: { method: string; route: string; path: string }[];
  /** every key with all it holds */
  everything(): Promise<Map<string, string>>;
}

/** A queue with a job that waits, one that is delayed, one that has failed, and a schedule. */
async function scene(env: Record<string, string>): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await privateRedis());
  const connection = await connect(redis.url, { mode: 'service' });
  stack.defer(() => connection.close());
  const queue = openQueue('plot', connection);
  stack.defer(() => queue.close());
  const failed = await failedJob(queue);
  const waiting = await enqueue(queue, 'backup', { trigger: 'manual' });
  const delayed = await queue.bull.add('verify', { which: 'latest' }, { delay: 3_600_000, jobId: DELAYED });
  const schedule = 'nightly';
  await queue.bull.upsertJobScheduler(schedule, { every: 86_400_000 }, { name: 'backup', data: {} });
  const visitor = stack.use(
    await visit(await directory(), { ...LOCKED, BACKUP_REDIS_URL: redis.url, ...env }),
  );
  const asked = { headers: { authorization: `Bearer ${TOKEN}` } };
  await waitFor(async () => (await visitor.ask('./queues/api/queues', asked)).status === 200);
  const jobs = [waiting.id, delayed.id!, failed];
  const routes = queueBoard([queue], { base: '', writable: true, project: 'plot' }).routes.filter(changes);
  const mutations = routes.flatMap(({ method, path: route }) => {
    const fixed = route.replace(':queueName', queue.bull.name).replace(':schedulerId', schedule);
    const states = fixed.includes(':queueStatus') ? ['failed', 'delayed', 'wait', 'completed'] : [''];
    const ids = fixed.includes(':jobId') ? jobs : [''];
    return ids.flatMap((id) =>
      states.map((state) => ({
        ...{ method, route },
        path: `./queues${fixed.replace(':jobId', id).replace(':queueStatus', state)}`,
      })),
    );
  });
  const resources = stack.move();
  return {
    ...{ queue, visitor, mutations },
    async everything() {
      const keys = (await connection.client.keys('*')).sort();
      const held = await Promise.all(keys.map((key) => connection.client.dumpBuffer(key)));
      return new Map(keys.map((key, at) => [key, held[at]?.toString('base64') ?? '']));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Its id. */
async function failedJob({ bull, connection }: BackupQueue): Promise<string> {
  const { id } = await bull.add('drill', { backup: 'latest' }, { jobId: FAILED });
  const fail = () => Promise.reject(new Error('failed for a test'));
  const worker = new Worker(bull.name, fail, { connection: bullConnection(connection), prefix: KEY_PREFIX });
  await waitFor(async () => (await bull.getJob(FAILED))?.isFailed());
  await worker.close();
  return id!;
}

const BODY = JSON.stringify({
  ...{ name: 'restore', data: { backup: 'latest', to: '/tmp/x' }, jobData: { tier: 'weekly' }, options: {} },
  ...{
    concurrency: 7,
    max: 1,
    duration: 1,
    delay: 1,
    priority: 1,
    opts: {},
    pattern: '* * * * *',
    every: 1000,
  },
});

async function attempt(
  visitor: Visitor,
  { method, path }: { method: string; path: string },
  token = true,
): Promise<number> {
  const origin = new URL(visitor.url).origin;
  const headers = {
    ...{ origin, accept: '*/*', 'content-type': 'application/json' },
    ...(token && { authorization: `Bearer ${TOKEN}` }),
  };
  return (await visitor.ask(path, { method, headers, body: BODY })).status;
}

test.for([
  ['a token', {}],
  ['a session', {}],
  [
    'a token, where a read-only dashboard has a writable board',
    { BACKUP_DASHBOARD_READ_ONLY: 'true', BACKUP_DASHBOARD_QUEUES_WRITABLE: 'true' },
  ],
] as const)('nothing that bull-board can do is done: by %s', async ([who, env]) => {
  await using on = await scene(env);
  const byToken = who !== 'a session';
  if (!byToken) await on.visitor.submit('./login', { password: PASSWORD }, './login');
  expect(on.mutations.length).toBeGreaterThan(30);
  const before = await on.everything();
  expect(before.size).toBeGreaterThan(5);
  for (const mutation of on.mutations) {
    const status = await attempt(on.visitor, mutation, byToken);
    expect([mutation.method, mutation.path, status]).toEqual([mutation.method, mutation.path, 405]);
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    for (const path of [
      './queues',
      './queues/',
      './queues/api/queues',
      './queues//api/queues/pause',
      './queues/api/%71ueues/pause',
    ])
      expect([403, 404, 405]).toContain(await attempt(on.visitor, { method, path }, byToken));
  expect(await on.everything()).toEqual(before);
});

test('nothing is changed by looking at all there is to see', async () => {
  await using on = await scene({});
  const routes = queueBoard([on.queue], { base: '', writable: false, project: 'plot' }).routes;
  const seen = routes.filter(({ method, path }) => method === 'GET' && !path.includes('*'));
  expect(seen.length).toBeGreaterThan(10);
  const before = await on.everything();
  for (const { path } of seen) {
    const asked = path.replace(':queueName', on.queue.bull.name).replace(':jobId', FAILED);
    expect(
      await attempt(on.visitor, { method: 'HEAD', path: `./queues${asked}` }).catch(() => 200),
    ).toBeLessThan(500);
    await on.visitor.ask(`./queues${asked}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  }
  expect(await on.everything()).toEqual(before);
});

test('a writable board retries, promotes and removes; it adds no job, edits none and stops no queue', async () => {
  await using on = await scene({ BACKUP_DASHBOARD_QUEUES_WRITABLE: 'true' });
  const may =
    /\/:queueName\/(retry\/:queueStatus|promote|clean\/:queueStatus|:jobId\/(retry|promote|clean))$/;
  const before = await on.everything();
  for (const mutation of on.mutations.filter(({ route }) => !may.test(route)))
    expect([mutation.path, await attempt(on.visitor, mutation)]).toEqual([mutation.path, 405]);
  expect(await on.everything()).toEqual(before);

  const promote = { method: 'PUT', path: `./queues/api/queues/${on.queue.bull.name}/${DELAYED}/promote` };
  await on.visitor.submit('./login', { password: PASSWORD }, './login');
  const unsaid = await on.visitor.ask(promote.path, { method: 'PUT' });
  const foreign = await on.visitor.ask(promote.path, {
    method: 'PUT',
    headers: { origin: 'https://evil.example' },
  });
  expect([unsaid.status, foreign.status]).toEqual([403, 403]);
  expect(await on.everything()).toEqual(before);
  expect(await attempt(on.visitor, promote, false)).toBeLessThan(300);
  expect(await (await on.queue.bull.getJob(DELAYED))?.getState()).not.toBe('delayed');
});
