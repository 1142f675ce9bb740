/** Against a real Redis, and a real HTTP server in the place of a collector. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BackupError, type Logger } from '@gofr-backup/model';
import { traceCollector, waitFor, type Collector, type ReceivedSpan } from '@gofr-backup/testing';
import { afterEach, expect, test } from 'vitest';
import { startConsumer } from '../consumer.ts';
import { enqueue } from '../enqueue.ts';
import { follow } from '../follow.ts';
import type { Processors } from '../jobs/index.ts';
import { idle } from '../processors.fixture.ts';
import { done, made, useQueue } from '../queue.fixture.ts';
import { openQueue, type BackupQueue } from '../queue.ts';
import { startTracing } from './telemetry.ts';
import type { Tracing } from './tracing.ts';

const on = useQueue();
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const collect = async (options?: { hangs: boolean }): Promise<Collector> => {
  const collector = await traceCollector(options);
  ends.push(() => collector.stop());
  return collector;
};

interface Traced {
  queue: BackupQueue;
  /** of who asks and of who works: two processes as a rule */
  tracing: Tracing[];
}

async function traced(otlpUrl: string, processors: Partial<Processors>, logger?: Logger): Promise<Traced> {
  const { project } = on.queue;
  const open = () => startTracing({ project, otlpUrl, ...(logger ? { logger } : {}) });
  const tracing = [await open(), await open()];
  const queue = openQueue(project, on.connection, { telemetry: tracing[0]?.telemetry });
  const consumer = startConsumer({
    project,
    connection: on.connection,
    processors: idle(processors),
    telemetry: tracing[1]?.telemetry,
  });
  ends.push(
    () => Promise.all(tracing.map((one) => one.stop())),
    () => queue.close(),
    () => consumer.stop(400),
  );
  return { queue, tracing };
}

const attribute = (span: ReceivedSpan | undefined, name: string): unknown =>
  Object.values(span?.attributes.find(({ key }) => key === name)?.value ?? {})[0];

const PRODUCER = 4;
const CONSUMER = 5;
const FAILED = 2;

test('adding a job and each attempt at it are spans of one trace, told without secrets and file names', async () => {
  const collector = await collect();
  let tries = 0;
  const { queue, tracing } = await traced(collector.url.replace('//', '//user:pass@'), {
    backup() {
      if (++tries > 1) return Promise.resolve(made);
      throw new BackupError('FAILED', 'Reading /data/secret.txt failed', {
        why: 'secret',
        hint: 'secret',
        details: { files: ['secret.txt'] },
      });
    },
  });
  const job = await enqueue(queue, 'backup', {}, { backoff: 1 });
  await follow(job);
  await Promise.all(tracing.map((one) => one.stop()));

  const [added, ...others] = collector.spans.filter(({ kind }) => kind === PRODUCER);
  const attempts = collector.spans.filter(({ kind }) => kind === CONSUMER);
  expect(others).toEqual([]);
  expect(collector.spans).toHaveLength(3);
  expect(attempts.map(({ traceId }) => traceId)).toEqual([added?.traceId, added?.traceId]);
  expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual([added?.spanId, added?.spanId]);
  expect(attempts.map((span) => attribute(span, 'bullmq.job.id'))).toEqual([job.id, job.id]);
  expect(attempts.map((span) => attribute(span, 'error.type'))).toEqual(['FAILED', undefined]);
  expect(attempts.map(({ status }) => status.code === FAILED)).toEqual([true, false]);
  const text = collector.texts.join('\n');
  expect(text).toContain('POST /v1/traces');
  expect(text).toContain(`Basic ${btoa('user:pass')}`);
  expect(text).toContain('{"key":"service.name","value":{"stringValue":"gofr-backup"}}');
  expect(text).toContain(`{"key":"gofr_backup.project","value":{"stringValue":"${queue.project}"}}`);
  expect(text).not.toMatch(/secret|a\.tar|redis:|user:pass/);
});

test('a collector that hangs delays no job, and the end by less than two seconds', async () => {
  const collector = await collect({ hangs: true });
  const { queue, tracing } = await traced(collector.url, { drill: () => Promise.resolve(done) });
  const endsWhileOneHangs = async (): Promise<boolean> => {
    const hanging = [...collector.waiting];
    await follow(await enqueue(queue, 'drill', {}));
    return hanging.some((response) => !response.destroyed);
  };
  await waitFor(endsWhileOneHangs, { timeout: 30_000 });
  const began = performance.now();
  await Promise.all(tracing.map((one) => one.stop()));
  expect(performance.now() - began).toBeLessThan(3000); // 1.5 s, on a machine that is busy
});

test('a collector that is away fails no job, and is told of once', async () => {
  const collector = await traceCollector();
  await collector.stop();
  const warnings: string[] = [];
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (_facts, text) => void warnings.push(text),
    error: () => {},
  };
  const { queue, tracing } = await traced(collector.url, { drill: () => Promise.resolve(done) }, logger);
  await follow(await enqueue(queue, 'drill', {}));
  await waitFor(() => warnings.length === 2, { timeout: 20_000, what: 'both sides say it' });
  expect(await follow(await enqueue(queue, 'drill', {}))).toEqual(done);
  await Promise.all(tracing.map((one) => one.stop()));
  expect(new Set(warnings)).toEqual(new Set(['traces cannot be sent (OTLP_URL)']));
  expect(warnings).toHaveLength(2);
});

test('a job whose trace is no trace runs, in one of its own', async () => {
  const collector = await collect();
  const { tracing } = await traced(collector.url, { drill: () => Promise.resolve(done) });
  for (const metadata of ['no JSON', 'null', '[]', '{"traceparent":7}', '{"traceparent":"00-0-0-00"}']) {
    const job = await on.queue.bull.add('drill', {}, { telemetry: { metadata } });
    expect(await follow({ id: job.id ?? '', name: 'drill', queue: on.queue, joined: false })).toEqual(done);
  }
  await Promise.all(tracing.map((one) => one.stop()));
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(5);
});

test('nothing of OpenTelemetry is loaded without OTLP_URL', async () => {
  const loaded = async (otlpUrl: string | undefined): Promise<string[]> => {
    const code = `
      import { registerHooks } from 'node:module';
      const names = [];
      registerHooks({ resolve(name, context, next) { names.push(name); return next(name, context); } });
      const { startTracing } = await import('${import.meta.dirname}/../index.ts');
      await startTracing({ project: 'plot', otlpUrl: ${JSON.stringify(otlpUrl)} });
      console.log(JSON.stringify(names.filter((name) => /opentelemetry|bullmq-otel/.test(name))));`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code]);
    return JSON.parse(stdout) as string[];
  };
  expect(await loaded(undefined)).toEqual([]);
  expect(await loaded('http://127.0.0.1:9')).toContain('bullmq-otel');
});
