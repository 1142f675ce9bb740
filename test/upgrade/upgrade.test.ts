/**
 * A service of the version before, with jobs that wait, a schedule, and backups, one of them with an index of version 1, goes on under
 * this version; and under the version before again.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateRedis, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { sha256Of } from '../../scripts/release/checksums.ts';
import { follow, ROOT, type Running, Sandbox } from '../command-line.ts';
import { bundleOf, revisionBefore } from './bundles.ts';

const INDEX_1 = join(ROOT, 'packages/archive/src/index/version-1/tree.tar.gz');
const OLDEST = 'gofr-plot_daily_20260101_020000.tar.gz';

interface Listed {
  backups: { filename: string; status: string }[];
}
interface Status {
  service: { running: boolean };
  next_run: { at: number; pattern: string } | null;
  queue: { jobs: { id: string; state: string }[] } | null;
}

/** One version of the program on the same Redis and directory. */
class Version {
  readonly #main: string;
  readonly #sandbox: Sandbox;
  constructor(main: string, sandbox: Sandbox) {
    this.#main = main;
    this.#sandbox = sandbox;
  }

  start(...args: string[]): Running {
    return follow(process.execPath, [this.#main, ...args], this.#sandbox.env, this.#sandbox.path);
  }

  async json<T>(...args: string[]): Promise<T> {
    const { child, ended } = this.start(...args, '--json');
    child.stdin.end();
    const { code, stdout, stderr } = await ended;
    expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
    return JSON.parse(stdout) as T;
  }

  /** Runs `serve` around the work, which begins when it runs and has its schedule. */
  async serving<T>(work: (status: Status) => Promise<T>): Promise<T> {
    const service = this.start('serve');
    try {
      const running = async () => {
        const status = await this.json<Status>('status');
        return status.service.running && status.next_run ? status : undefined;
      };
      return await work(await waitFor(running, { timeout: 60_000, what: 'it serves' }));
    } finally {
      service.child.kill('SIGTERM');
      const { code, stdout, stderr } = await service.ended;
      expect(code, stdout + stderr).toBe(0);
    }
  }

  async leaveJob(): Promise<string> {
    return (await this.json<{ job_id: string }>('now', '--no-wait')).job_id;
  }

  async completed(id: string): Promise<void> {
    const state = async () =>
      (await this.json<Status>('status')).queue?.jobs.find((job) => job.id === id)?.state === 'completed';
    await waitFor(state, { timeout: 60_000, what: `job ${id}, queued by the other version, is done` });
  }

  /** All that was made is there, good, and reads back in full. */
  async proved(backups: number): Promise<void> {
    const { backups: listed } = await this.json<Listed>('list');
    expect(listed.map(({ filename }) => filename)).toContain(OLDEST);
    expect(listed.filter(({ status }) => status !== 'good')).toEqual([]);
    expect(listed).toHaveLength(backups);
    const { results } = await this.json<{ results: { ok: boolean }[] }>('verify', '--all');
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results).toHaveLength(backups);
  }
}

async function adoptIndex1(backups: string): Promise<void> {
  const target = join(backups, 'daily', OLDEST);
  await mkdir(join(backups, 'daily'));
  await copyFile(INDEX_1, target);
  await copyFile(`${INDEX_1}.idx`, `${target}.idx`);
  await writeFile(`${target}.sha256`, `${sha256Of(target)}  ${OLDEST}\n`);
}

test('up, and back', async (context) => {
  const revision = await revisionBefore();
  if (revision === undefined)
    return context.skip('this clone has no history: the version before cannot be built');
  await using directory = await temporaryDirectory('gofr-upgrade-');
  await using redis = await privateRedis();
  const env = {
    ...{ BACKUP_REDIS_URL: redis.url, BACKUP_SCHEDULE: '30 3 * * *', BACKUP_CLEANUP_ON_START: 'false' },
    ...{ BACKUP_VERIFY_SCHEDULE: '30 4 * * 0', BACKUP_RETENTION_DAYS: '3650' },
  };
  await using sandbox = await Sandbox.create({ env });
  await adoptIndex1(sandbox.backups);
  const before = new Version(await bundleOf(revision, join(directory.path, 'before')), sandbox);
  const now = new Version(await bundleOf(undefined, join(directory.path, 'now')), sandbox);

  const due = await before.serving(async ({ next_run }) => {
    await before.json('verify', '--all');
    await before.json('now');
    return next_run;
  });
  const first = await before.leaveJob();

  await now.serving(async ({ next_run }) => {
    expect(next_run).toEqual(due);
    await now.completed(first);
    await now.json('now');
    await now.proved(4);
    await now.json('restore', '--latest', '--to', join(sandbox.path, 'by-now'), '--yes');
  });
  const second = await now.leaveJob();

  await before.serving(async ({ next_run }) => {
    expect(next_run).toEqual(due);
    await before.completed(second);
    await before.json('now');
    await before.proved(6);
    await before.json('restore', '--latest', '--to', join(sandbox.path, 'by-before'), '--yes');
  });
}, 600_000);
