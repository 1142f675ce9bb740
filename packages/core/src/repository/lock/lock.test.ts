import { AsyncLocalStorage } from 'node:async_hooks';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger, systemClock } from '@gofr-backup/model';
import { waitFor } from '@gofr-backup/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
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
/** `lock.1` of this version, or `lock` of the one before. */
const FORMS = ['lock.1', 'lock'];

/** A lock file as another process would have written it. */
const leaveLock = (name: string, changes: object) =>
  writeFile(
    join(stateDir, name),
    JSON.stringify({
      after: '',
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
    expect(lock.reentrant).toBe(false);
    await lock.check();
  });
  expect(await lockHolder(stateDir)).toBeUndefined();
  expect(await readdir(stateDir)).toEqual(['lock.1']);
});

test('however often it is taken, three files are left of it at most', async () => {
  for (let taking = 1; taking <= 12; taking++) await withLock(stateDir, options(), async () => {});
  expect((await readdir(stateDir)).sort()).toEqual(['lock.1', 'lock.11', 'lock.12']);
  expect(await readFile(join(stateDir, 'lock.1'), 'utf8')).toBe('');
});

test('two that start at once, on a directory that never had a lock: one works, the other is told', async () => {
  for (let round = 0; round < 20; round++) {
    const ends = await Promise.allSettled(
      [1, 2, 3].map((job) =>
        outside(() => withLock(join(stateDir, String(round)), options(`job ${job}`), () => sleep(20))),
      ),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  }
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
      expect(inner.reentrant).toBe(true);
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

describe.runIf(linux)('a dead lock', () => {
  test.each(FORMS)('left as %s is taken over', async (form) => {
    await leaveLock(form, { started: '1' });
    expect(await withLock(stateDir, options(), async () => 'in')).toBe('in');
    expect(await withLock(stateDir, options(), async () => 'in')).toBe('in');
  });

  test('of the version before stays where it is, is judged once, and is respected when it is taken again', async () => {
    await leaveLock('lock', { host: 'other', boot_id: 'other' });
    await waitFor(() => withLock(stateDir, options(), async () => 'in'));
    const patient = options('test', { ...QUICK, watch: 3_600_000 });
    expect(await withLock(stateDir, patient, async () => 'in')).toBe('in');
    expect(await readFile(join(stateDir, 'lock'), 'utf8')).toContain('"theirs"');
    await leaveLock('lock', { token: 'another' });
    await expect(withLock(stateDir, options(), async () => 'in')).rejects.toMatchObject({
      code: 'BUSY',
      why: expect.stringContaining('restore (job 7)') as string,
    });
  });
});

test('a process of the version before that takes its own lock meanwhile stops us before a commit', async () => {
  const stopped = withLock(stateDir, options(), async (lock) => {
    await leaveLock('lock', {});
    await lock.check();
  });
  await expect(stopped).rejects.toMatchObject({ code: 'BUSY' });
});

test('leftovers of contenders go after an hour; a young one may be of somebody at work', async () => {
  const names = ['lock.claim-1', 'lock.beacon-2', 'lock.drop-3', 'lock.claim-4'];
  for (const name of names) await writeFile(join(stateDir, name), '');
  for (const name of names.slice(0, 3)) await utimes(join(stateDir, name), 1, 1);
  await withLock(stateDir, options(), async () => {});
  expect((await readdir(stateDir)).sort()).toEqual(['lock.1', 'lock.claim-4']);
});

test('a lock whose file before is missing is proven by nothing: it is watched, and then taken over', async () => {
  for (let taking = 1; taking <= 4; taking++) await withLock(stateDir, options(), async () => {});
  await rm(join(stateDir, 'lock.3'));
  const patient = options('test', { ...QUICK, silence: 3_600_000 });
  await expect(withLock(stateDir, patient, async () => 'in')).rejects.toMatchObject({ code: 'BUSY' });
  expect(await waitFor(() => withLock(stateDir, options(), async () => 'in'))).toBe('in');
  expect(await withLock(stateDir, patient, async () => 'in')).toBe('in');
});

describe.runIf(linux).each(FORMS)('a holder in another container, by its %s,', (form) => {
  const elsewhere = { pid_namespace: 'pid:[1]', pid: 1 };

  test('with a beacon lives', async () => {
    const server = createServer().listen(join(stateDir, 'lock.beacon-theirs'));
    await once(server, 'listening');
    await leaveLock(form, { ...elsewhere, beacon: 'lock.beacon-theirs' });
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
    await leaveLock(form, { ...elsewhere, token, beacon: `lock.beacon-${token}` });
    expect(
      await withLock(stateDir, options('test', { ...QUICK, silence: 3_600_000 }), async () => 'in'),
    ).toBe('in');
  });

  test('is not asked through a path of its own choosing', async () => {
    await leaveLock(form, { ...elsewhere, token: '../x', beacon: 'lock.beacon-../x' });
    const attempt = withLock(stateDir, options('test', { ...QUICK, silence: 3_600_000 }), async () => 'in');
    await expect(attempt).rejects.toMatchObject({ code: 'BUSY' });
  });
});

describe.each(FORMS)('a holder on another host, by its %s,', (form) => {
  const elsewhere = { host: 'other', boot_id: 'other' };

  test('is taken for dead after its silence', async () => {
    await leaveLock(form, elsewhere);
    const taken = await waitFor(() => withLock(stateDir, options(), async () => 'in'));
    expect(taken).toBe('in');
  });

  test('is left alone while it beats, whatever the clock says', async () => {
    await leaveLock(form, elsewhere);
    const content = await readFile(join(stateDir, form));
    const beating = setInterval(() => void writeFile(join(stateDir, form), content).catch(() => {}), 20);
    const attempt = withLock(stateDir, options('test', { ...QUICK, silence: -3_600_000 }), async () => 'in');
    await expect(attempt).rejects.toMatchObject({ code: 'BUSY' });
    clearInterval(beating);
  });
});

test.each(FORMS)('a file %s that nobody can read is respected until it is silent', async (form) => {
  await writeFile(join(stateDir, form), '{"tok');
  const patient = { ...QUICK, silence: 3_600_000 };
  await expect(withLock(stateDir, options('test', patient), async () => 'in')).rejects.toMatchObject({
    code: 'BUSY',
  });
  expect(await waitFor(() => withLock(stateDir, options(), async () => 'in'))).toBe('in');
});

test('a lost lock is noticed, by its heartbeat and before a commit', async () => {
  const lost = withLock(stateDir, options('job 1'), async (lock: HeldLock) => {
    await leaveLock('lock.2', { host: 'other', boot_id: 'other', after: lock.holder.token });
    await waitFor(() => lock.signal.aborted);
    await lock.check();
  });
  await expect(lost).rejects.toMatchObject({
    code: 'BUSY',
    message: expect.stringContaining('lost the lock'),
  });
  expect(await readFile(join(stateDir, 'lock.2'), 'utf8')).toContain('theirs');
  expect((await lockHolder(stateDir))?.token).toBe('theirs');
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
