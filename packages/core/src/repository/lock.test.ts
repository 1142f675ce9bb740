import { AsyncLocalStorage } from 'node:async_hooks';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@gofr-backup/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../ports.ts';
import { ownIdentity } from './identity.ts';
import { heldLock, lockHolder, withLock } from './lock.ts';
import type { HeldLock, LockTiming } from './lock.ts';

const QUICK: LockTiming = { heartbeat: 20, silence: 300, watch: 200 };
const linux = process.platform === 'linux';
let stateDir: string;

beforeEach(async () => {
  stateDir = join(await mkdtemp(join(tmpdir(), 'gofr-lock-')), 'state');
  await mkdir(stateDir);
});
afterEach(() => rm(join(stateDir, '..'), { recursive: true, force: true }));

const options = (owner = 'test', timing = QUICK) => ({
  owner,
  operation: 'backup',
  ports: { clock: systemClock, logger: silentLogger },
  timing,
});
const lockFile = () => join(stateDir, 'lock');

/** A lock file as another process would have written it. */
const leaveLock = (changes: object) =>
  writeFile(
    lockFile(),
    JSON.stringify({
      token: 'theirs',
      operation: 'restore',
      owner: 'job 7',
      since: '2025-12-13T02:00:00.000Z',
      ...ownIdentity(),
      ...changes,
    }),
  );

test('is held while the work runs, and nothing is left of it afterwards', async () => {
  await withLock(stateDir, options('job 1'), async (lock) => {
    expect(await lockHolder(stateDir)).toMatchObject({
      owner: 'job 1',
      operation: 'backup',
      pid: process.pid,
    });
    expect(lock.joined).toBe(false);
    await lock.check();
  });
  expect(await readdir(stateDir)).toEqual([]);
});

test('a second operation is refused and told who holds it, and since when', async () => {
  await withLock(stateDir, options('job 1'), async () => {
    const second = outside(() => withLock(stateDir, options('job 2'), async () => 'in'));
    await expect(second).rejects.toMatchObject({
      code: 'BUSY',
      why: expect.stringMatching(/backup \(job 1\) .* since \d{4}-/),
    });
  });
});

test('an operation inside an operation joins it', async () => {
  await withLock(stateDir, options(), async (outer) => {
    const token = await withLock(stateDir, options(), async (inner) => {
      expect(inner.joined).toBe(true);
      return inner.holder.token;
    });
    expect(token).toBe(outer.holder.token);
    expect(heldLock(stateDir)).toBeDefined();
    expect((await lockHolder(stateDir))?.token).toBe(token);
  });
  expect(heldLock(stateDir)).toBeUndefined();
});

test('a throwing operation gives it back', async () => {
  await expect(withLock(stateDir, options(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await lockHolder(stateDir)).toBeUndefined();
});

test.runIf(linux)('the lock of a killed process is taken over at once', async () => {
  const child = fork(join(import.meta.dirname, 'lock.fixture.ts'), [stateDir], { stdio: 'ignore' });
  await waitFor(() => lockHolder(stateDir), { what: 'the child holds the lock' });
  await expect(withLock(stateDir, options(), async () => 'in')).rejects.toMatchObject({ code: 'BUSY' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await withLock(stateDir, options(), async () => 'in')).toBe('in');
});

describe.runIf(linux)('a dead lock that somebody is about to remove', () => {
  const dead = { token: 'dead', started: '1' };
  const mark = () => join(stateDir, 'lock.drop-dead');
  const leaveMark = (changes: object) =>
    writeFile(mark(), JSON.stringify({ operation: '', owner: '', since: '', ...ownIdentity(), ...changes }));

  test('is left to him', async () => {
    await leaveLock(dead);
    await leaveMark({ token: 'living' });
    await expect(withLock(stateDir, options(), async () => 'in')).rejects.toMatchObject({ code: 'BUSY' });
    expect(await readFile(lockFile(), 'utf8')).toContain('"dead"');
    await rm(mark());
    expect(await withLock(stateDir, options(), async () => 'in')).toBe('in');
  });

  test('is removed by the next one when he died over it', async () => {
    await leaveLock(dead);
    await leaveMark({ token: 'died', started: '1' });
    expect(await withLock(stateDir, options(), async () => 'in')).toBe('in');
    expect(await readdir(stateDir)).toEqual([]);
  });
});

describe.runIf(linux)('a holder in another container', () => {
  const elsewhere = { pid_namespace: 'pid:[1]', pid: 1 };

  test('with a beacon lives', async () => {
    const server = createServer().listen(join(stateDir, 'lock.beacon-theirs'));
    await once(server, 'listening');
    await leaveLock({ ...elsewhere, beacon: 'lock.beacon-theirs' });
    const silent = { ...QUICK, silence: -1, watch: 1 };
    const attempt = withLock(stateDir, options('test', silent), async () => 'in');
    await expect(attempt).rejects.toMatchObject({ code: 'BUSY' });
    server.close();
  });

  test('whose beacon went out is dead', async () => {
    const dying = fork(join(import.meta.dirname, 'lock.fixture.ts'), [stateDir], { stdio: 'ignore' });
    const { token } = await waitFor(() => lockHolder(stateDir));
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    await leaveLock({ ...elsewhere, token, beacon: `lock.beacon-${token}` });
    expect(
      await withLock(stateDir, options('test', { ...QUICK, silence: 3_600_000 }), async () => 'in'),
    ).toBe('in');
  });

  test('is not asked through a path of its own choosing', async () => {
    await leaveLock({ ...elsewhere, token: '../x', beacon: 'lock.beacon-../x' });
    const attempt = withLock(stateDir, options('test', { ...QUICK, silence: 3_600_000 }), async () => 'in');
    await expect(attempt).rejects.toMatchObject({ code: 'BUSY' });
  });
});

describe('a holder on another host', () => {
  const elsewhere = { host: 'other', boot_id: 'other' };

  test('is taken for dead after its silence', async () => {
    await leaveLock(elsewhere);
    const taken = await waitFor(() => withLock(stateDir, options(), async () => 'in'));
    expect(taken).toBe('in');
  });

  test('is left alone while it beats, whatever the clock says', async () => {
    await leaveLock(elsewhere);
    const content = await readFile(lockFile());
    const beating = setInterval(() => void writeFile(lockFile(), content).catch(() => {}), 20);
    const attempt = withLock(stateDir, options('test', { ...QUICK, silence: -3_600_000 }), async () => 'in');
    await expect(attempt).rejects.toMatchObject({ code: 'BUSY' });
    clearInterval(beating);
  });
});

test('a lock file nobody can read is respected until it is silent', async () => {
  await writeFile(lockFile(), '{"tok');
  const patient = { ...QUICK, silence: 3_600_000 };
  await expect(withLock(stateDir, options('test', patient), async () => 'in')).rejects.toMatchObject({
    code: 'BUSY',
  });
  expect(await waitFor(() => withLock(stateDir, options(), async () => 'in'))).toBe('in');
});

test('a lost lock is noticed, by its heartbeat and before a commit', async () => {
  const lost = withLock(stateDir, options('job 1'), async (lock: HeldLock) => {
    await rm(lockFile());
    await leaveLock({ host: 'other', boot_id: 'other' });
    await waitFor(() => lock.signal.aborted);
    await lock.check();
  });
  await expect(lost).rejects.toMatchObject({
    code: 'BUSY',
    message: expect.stringContaining('lost the lock'),
  });
  expect(await readFile(lockFile(), 'utf8')).toContain('theirs');
});

test('of many contenders one works at a time, although holders are killed', async () => {
  const log = join(stateDir, '..', 'log');
  const lines = async () => (await readFile(log, 'utf8')).trim().split('\n');
  const contend = () => {
    const child = fork(join(import.meta.dirname, 'lock.fixture.ts'), [stateDir, log], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const children = Array.from({ length: 5 }, contend);
  const killed = new Set<string>();
  for (let round = 1; round <= 12; round++) {
    const doomed = contend();
    await waitFor(async () => (await lines()).at(-1) === `in ${doomed.pid}`, {
      interval: 1,
      timeout: 40_000,
    });
    doomed.kill('SIGKILL');
    killed.add(String(doomed.pid));
    const { length } = await lines();
    await waitFor(async () => (await lines()).length > length + 4, { timeout: 40_000 });
  }
  const seen = await lines();
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  let holder = '';
  for (const line of seen) {
    const [what, pid = ''] = line.split(' ');
    // a killed one never says that it leaves
    if (what === 'in') expect(holder === '' || killed.has(holder), seen.join(', ')).toBe(true);
    else expect(pid).toBe(holder);
    holder = what === 'in' ? pid : '';
  }
});

/** Runs `work` outside of the call chain of a test, as another request of the same process would. */
const outside = AsyncLocalStorage.snapshot();
