/** The clock is moved with libfaketime: all of our processes see it, Redis and the kernel keep the true time. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp, type Entry, listed, expectNothingLost } from './backups.ts';
import { must, run } from './docker.ts';
import { observe } from './reliability.ts';
import { IMAGE, Stack, until } from './stack.ts';

const FAKED = 'gofr-plot_backup:faketime';
const dockerfile = `FROM ${IMAGE}
USER root
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends libfaketime >/dev/null && rm -rf /var/lib/apt/lists/*
ENV LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE=/faketime/rc
USER node
`;
/** The healthcheck compares the kernel's time of a file with the time of `date`, which here is another. */
const overlay = (directory: string) => `
services:
  scheduler: { volumes: ["${directory}:/faketime:ro"], healthcheck: { disable: true } }
  backup: { volumes: ["${directory}:/faketime:ro"], healthcheck: { disable: true } }
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gofr-clock-'));
  await chmod(directory, 0o755);
  await must(run('docker', ['build', '-q', '-t', FAKED, '-'], { input: dockerfile }));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Moves the clock of every process of the stack to an instant. */
async function clockAt(iso: string): Promise<void> {
  const seconds = Math.round((Date.parse(iso) - Date.now()) / 1000);
  await writeFile(join(directory, 'rc'), `${seconds < 0 ? '' : '+'}${seconds}s\n`);
}

async function startedAt(iso: string, schedule: string): Promise<Stack> {
  await clockAt(iso);
  const env = {
    GOFR_BACKUP_IMAGE: FAKED,
    GOFR_PLOT_BACKUP_SCHEDULE: schedule,
    GOFR_PLOT_BACKUP_TIMEZONE: 'Europe/Berlin',
  };
  return Stack.started({ env, overlay: overlay(directory) }, async (stack) => {
    await stack.up('web', 'backup');
    await until('the worker is ready', async () => /worker is ready/.test(await stack.logs('backup')));
    await until('the schedule is made', async () => /next run/i.test(await stack.logs('scheduler')));
  });
}

const scheduled = async (stack: Stack): Promise<Entry[]> =>
  (await listed(stack)).filter(
    (e) => e.status === 'good' && (e as { trigger?: string }).trigger === 'schedule',
  );
const hasRuns = (stack: Stack, n: number) =>
  until(`${n} scheduled backups`, async () => (await scheduled(stack)).length >= n, 60);

/** Gives a run that must not happen the time it would need: a backup made by hand goes through the same queue. */
async function expectStaysAt(stack: Stack, n: number): Promise<void> {
  await backUp(stack);
  await backUp(stack);
  expect(await scheduled(stack)).toHaveLength(n);
}

test('the clock moved forward by 25 hours runs the daily backup, once; moved back, nothing is lost', async () => {
  await using stack = await startedAt('2027-01-10T12:00:00Z', '0 2 * * *');
  const begun = performance.now();
  await clockAt('2027-01-11T13:00:00Z');
  await hasRuns(stack, 1);
  await expectStaysAt(stack, 1);
  const before = await listed(stack);
  await observe({
    fault: 'Clock 25 hours forward',
    during: 'the missed daily backup runs once',
    after: 'no second run',
    recovery: (performance.now() - begun) / 1000,
  });

  await clockAt('2027-01-09T12:00:00Z');
  const { seconds } = await backUp(stack);
  await must(stack.cli('prune'));
  await expectNothingLost(stack, before);
  await observe({
    fault: 'Clock two days back',
    during: 'backups dated in the future are kept, never pruned',
    after: 'nothing lost, next backup good and verified',
    recovery: seconds,
  });
});

test('spring: 02:30 does not exist and runs once, at 03:30', async () => {
  await using stack = await startedAt('2027-03-28T00:55:00Z', '30 2 * * *');
  await clockAt('2027-03-28T01:31:00Z');
  await hasRuns(stack, 1);
  await expectStaysAt(stack, 1);
  expect((await scheduled(stack))[0]?.timestamp).toMatch(/^2027-03-28T03:/);
  await observe({
    fault: 'Clocks go forward (Europe/Berlin)',
    during: '02:30 does not exist: runs once at 03:30',
    after: 'once',
    recovery: 0,
  });
});

test('autumn: 02:30 comes twice and runs once; names of the repeated hour do not collide', async () => {
  await using stack = await startedAt('2027-10-31T00:20:00Z', '30 2 * * *');
  await clockAt('2027-10-31T00:31:00Z');
  await hasRuns(stack, 1);
  const first = await backUp(stack);
  await clockAt('2027-10-31T01:31:00Z');
  await expectStaysAt(stack, 1);
  const names = (await listed(stack)).map((e) => e.filename);
  expect(new Set(names).size).toBe(names.length);
  await expectNothingLost(stack, [first.entry]);
  await observe({
    fault: 'Clocks go back (Europe/Berlin)',
    during: '02:30 comes twice: runs once',
    after: 'names of both hours differ',
    recovery: 0,
  });
});
