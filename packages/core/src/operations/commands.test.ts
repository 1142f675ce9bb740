import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Logger, silentLogger } from '@gofr-backup/model';
import { waitFor } from '@gofr-backup/testing';
import { runCommand, withCommands } from './commands.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'commands-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const environment = { PATH: process.env['PATH'] ?? '' };
const options = { name: 'PRE_COMMAND', timeout: 30_000, environment, logger: silentLogger };
const isAlive = (pid: number): boolean => {
  try {
    // a zombie whose parent is gone is reaped by init in its own time: not alive
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

test('its output is logged line by line', async () => {
  const lines: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    info: (fields) => lines.push((fields as { line?: string }).line ?? ''),
  };
  await runCommand('echo one; echo two >&2; printf three', { ...options, logger });
  expect(lines.filter(Boolean).toSorted()).toEqual(['one', 'two']);
});

test('a failure tells status and last words', async () => {
  const run = runCommand('echo the database is locked >&2; exit 7', options);
  await expect(run).rejects.toMatchObject({
    code: 'FAILED',
    why: expect.stringMatching(/status 7.*the database is locked/s),
  });
  await expect(runCommand('kill -9 $$', options)).rejects.toMatchObject({
    why: expect.stringContaining('SIGKILL'),
  });
});

describe('what does not end', () => {
  const stubborn = (file: string) =>
    `trap '' TERM; (trap '' TERM; echo $$ > ${file}; while :; do sleep 0.05; done) & wait`;

  test('is killed with all its children when its time is up', async () => {
    const run = runCommand(`sleep 300 & echo $! > ${dir}/pid; ${stubborn(join(dir, 'shell'))}`, {
      ...options,
      timeout: 300,
      grace: 200,
    });
    await expect(run).rejects.toMatchObject({
      code: 'FAILED',
      why: expect.stringContaining('longer than 0.3 s'),
    });
    for (const name of ['pid', 'shell']) {
      const pid = Number(readFileSync(join(dir, name), 'utf8'));
      await waitFor(() => !isAlive(pid), { timeout: 10_000 });
    }
  });

  test('is killed when the run is cancelled', async () => {
    const controller = new AbortController();
    const run = runCommand(`touch ${dir}/began; sleep 300`, { ...options, signal: controller.signal });
    await waitFor(() => existsSync(join(dir, 'began')), { timeout: 20_000 });
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('but was left in the background by a command that ended is waited for by nobody', async () => {
    const began = performance.now();
    await runCommand('sleep 300 & echo $!', options);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('around a run', () => {
  const ports = { logger: silentLogger, signal: new AbortController().signal };
  const request = { trigger: 'manual', tier: 'weekly' } as const;
  const made = { filename: 'made.tar.gz' };
  const plan = (preCommand: string, postCommand: string) => ({
    ...{ project: 'plot', dataDir: '/data', backupDir: '/backups', commandEnvironment: environment },
    preCommand,
    postCommand,
    commandTimeout: 30_000,
  });

  test('a failing pre-command keeps the work from running; post runs', async () => {
    let worked = false;
    const run = withCommands(plan('exit 1', `touch ${dir}/post`), request, ports, async () => {
      worked = true;
      return made;
    });
    await expect(run).rejects.toMatchObject({ code: 'FAILED', message: 'PRE_COMMAND failed' });
    expect([worked, existsSync(join(dir, 'post'))]).toEqual([false, true]);
  });

  test('post runs when the work fails, and its own failure hides nothing', async () => {
    const run = withCommands(plan('true', `touch ${dir}/post; exit 3`), request, ports, () =>
      Promise.reject(new Error('the work')),
    );
    await expect(run).rejects.toThrow('the work');
    expect(existsSync(join(dir, 'post'))).toBe(true);
    expect(await withCommands(plan('true', 'exit 3'), request, ports, async () => made)).toBe(made);
  });

  test('they get the facts of the run, and of our environment nothing but what the plan gives', async () => {
    vi.stubEnv('BACKUP_REDIS_URL', 'redis://:canary@redis');
    const both = plan(`env > ${dir}/pre`, `env > ${dir}/post`);
    await withCommands(both, request, ports, async () => made).finally(() => vi.unstubAllEnvs());
    const environmentOf = (name: string) =>
      Object.fromEntries(
        readFileSync(join(dir, name), 'utf8')
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2))
          .filter(
            ([variable]) => variable !== '' && !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(variable ?? ''),
          ),
      ) as Record<string, string>;
    const facts = {
      ...environment,
      GOFR_BACKUP_PROJECT: 'plot',
      GOFR_BACKUP_DATA_DIR: '/data',
      GOFR_BACKUP_DIR: '/backups',
      GOFR_BACKUP_TIER: 'weekly',
      GOFR_BACKUP_TRIGGER: 'manual',
    };
    expect(environmentOf('pre')).toEqual(facts);
    expect(environmentOf('post')).toEqual({
      ...facts,
      GOFR_BACKUP_RESULT: 'done',
      GOFR_BACKUP_FILE: 'made.tar.gz',
    });
  });
});
