/** Directories that an ordinary user closed for writing: restored by him, with their modes, also after a kill. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { tries } from '@gofr-backup/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RestoreRequest } from '@gofr-backup/model';
import { backup } from './backup.ts';
import { makeWorld, startChild, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;
const USER = 65_534;
let world: World;
let archive: string;

beforeEach(async () => {
  world = makeWorld();
  fill('then', '0555');
  archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
  own();
});
afterEach(() => world.dispose());

const sh = (script: string): string =>
  execFileSync('sh', ['-ec', script], { cwd: world.base, encoding: 'utf8' });
const own = (): void => {
  if (asRoot) sh(`chown -R ${USER}:${USER} .`);
};

/** A root, a child and what is below them are closed; a FIFO keeps its directory in place. */
function fill(text: string, mode: string): void {
  rmSync(join(world.base, 'data'), { recursive: true, force: true });
  rmSync(join(world.base, 'logs'), { recursive: true, force: true });
  sh(`mkdir -p data/storage/ro/deep data/storage/stays/ro data/auth/closed logs
    for f in storage/f storage/ro/f storage/ro/deep/f storage/stays/f storage/stays/ro/f auth/closed/t; do echo ${text} > data/$f; done
    echo ${text} > logs/l; mkfifo data/storage/stays/fifo
    find data/storage data/auth/closed -depth -type d -exec touch -d 2001-01-01 {} + -exec chmod ${mode} {} +`);
}

const snapshot = (): string =>
  sh(`find data logs -printf '%p %M %U ' \\( -type f -exec cat {} \\; -o -printf '\\n' \\) | sort`);

async function run(operation: 'restore' | 'recover', request: Partial<RestoreRequest>, dieAt?: number) {
  const orders = {
    plan: world.plan,
    operation,
    request: { backup: archive, safetyBackup: false, ...request },
  };
  return startChild({ ...orders, ...(dieAt !== undefined && { dieAt }), ...(asRoot && { uid: USER }) }).ended;
}

const leftovers = (): string => sh("find . -name '.gofr-restore-*' -o -name 'restore-*.json'");

test.each<Partial<RestoreRequest>>([
  {},
  { merge: true },
  { paths: ['data/storage/ro/deep/f', 'data/storage/stays/ro'] },
])('%j', { timeout: 600_000 }, async (request) => {
  const begin = (mode: string): string => {
    fill('now', mode);
    own();
    return snapshot();
  };
  for (const mode of Object.keys(request).length === 0 ? ['0555', '0755'] : ['0555']) {
    const old = begin(mode);
    const done = await run('restore', request);
    expect(done).toMatch(/^0 began/);
    const restored = snapshot();
    expect(restored).not.toBe(old);
    expect(restored).toContain('data/storage/ro dr-xr-xr-x');
    expect(leftovers()).toBe('');
    const steps = Number(/steps (\d+)/.exec(done)![1]);
    for (let dieAt = 0; dieAt < steps; dieAt += 1 + Math.floor(steps / tries(2, 3))) {
      begin(mode);
      expect(await run('restore', request, dieAt), `step ${dieAt}`).toBe('SIGKILL');
      expect(await run('recover', request), `step ${dieAt}`).toMatch(/^0 /);
      expect([old, restored], `step ${dieAt}`).toContain(snapshot());
      expect(leftovers(), `step ${dieAt}`).toBe('');
    }
  }
});

test('metadata alone comes back into a directory that its owner closed, which stays as it is', async () => {
  sh('chmod 0755 data/storage/ro; echo then > data/storage/ro/metadata.json; chmod 0555 data/storage/ro');
  const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
  sh('echo now > data/storage/ro/metadata.json; echo now > data/storage/ro/f');
  own();
  const look = (): string => sh("find data/storage/ro -type d -printf '%p %M %T@\\n'");
  const before = look();
  expect(await run('restore', { backup: filename, only: ['metadata'] })).toMatch(/^0 began/);
  expect(sh('cat data/storage/ro/metadata.json data/storage/ro/f')).toBe('then\nnow\n');
  expect(look()).toBe(before);
  expect(leftovers()).toBe('');
});

test.each(['0444', '0000', '0333', '0111'])(
  'a directory that was closed to reading or search since (%s): nothing is touched until it is opened',
  async (mode) => {
    sh('mkdir logs/d; echo then > logs/d/f; ln -s . logs/d/link; mkdir logs/d/sub; echo then > logs/d/sub/f');
    const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
    own();
    sh(`echo now > logs/d/f; chmod ${mode} logs/d`);
    const now = snapshot();
    expect(await run('restore', { backup: filename })).toMatch(/^1 /);
    expect(snapshot()).toBe(now);
    expect(leftovers()).toBe('');
    sh('chmod u+rx logs/d');
    expect(await run('restore', { backup: filename })).toMatch(/^0 began/);
    expect(sh('cat logs/d/f logs/d/sub/f')).toBe('then\nthen\n');
  },
);
