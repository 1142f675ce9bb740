/** kill -9 of a whole backup at random moments. Set KILL_SEED to repeat a run, KILL_ROUNDS for more of them. */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, TIERS } from '@gofr-backup/model';
import { makeTree, seedFrom } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { parseManifest } from '../repository/catalogue/manifest.ts';
import { backup } from './backup.ts';
import { list } from './list.ts';
import { scene } from './testing.ts';

const seed = seedFrom('KILL_SEED');
const rounds = Number(process.env['KILL_ROUNDS'] ?? 6);

test(
  `a killed backup leaves nothing half-made, and the same run goes on (seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    await using on = await scene(systemClock);
    const noise = (kib: number) =>
      Buffer.from(Array.from({ length: kib * 1024 }, (_, at) => (at * at * 31 + at) % 251));
    await makeTree(on.data, { storage: { a: noise(600), b: noise(300) }, auth: { tokens: 'secret' } });
    const whole = await measure(() => lifetime(on.data, on.backups, 'first', Infinity));
    const roll = dice(seed);
    for (let round = 0; round < rounds; round++) {
      await appendFile(join(on.data, 'storage', 'a'), `round ${round}`);
      const delay = roll() * whole;
      await lifetime(on.data, on.backups, `run-${round}`, delay);
      const when = `round ${round} killed after ${Math.round(delay)} ms, seed ${seed}`;
      await expectWhole(on.backups, when);
      const { backup: made } = await backup(on.ctx, { trigger: 'schedule', run: `run-${round}` });
      expect(made.status, when).toBe('good');
      const { backups } = await list(on.ctx, { tier: 'daily' });
      expect(
        backups.filter(({ run }) => run === `run-${round}`),
        when,
      ).toHaveLength(1);
      expect(await leftovers(on.backups), when).toEqual([]);
    }
  },
);

/** Runs a backup in a process of its own, and kills it `delay` ms after it began, if it still lives. */
async function lifetime(data: string, backups: string, run: string, delay: number): Promise<void> {
  const child = fork(join(import.meta.dirname, 'backup.fixture.ts'), [data, backups, run]);
  const ended = once(child, 'exit');
  await once(child, 'message');
  if (delay === Infinity) {
    expect((await ended)[0]).toBe(0);
    return;
  }
  await Promise.race([sleep(delay), ended]);
  child.kill('SIGKILL');
  await ended;
}

async function expectWhole(backups: string, when: string): Promise<void> {
  const manifest = await readFile(join(backups, 'manifest.json'), 'utf8');
  expect(parseManifest(manifest).damage, when).toBeUndefined();
  for (const tier of TIERS)
    for (const name of await finals(join(backups, tier)))
      execFileSync('gzip', ['-t', join(backups, tier, name)]);
}

const finals = async (directory: string) =>
  (await readdir(directory)).filter((name) => name.endsWith('.tar.gz') && !name.startsWith('.tmp-'));

async function leftovers(backups: string): Promise<string[]> {
  const names = await readdir(backups, { recursive: true });
  return names.filter((name) => name.includes('.tmp-') || /scratch\/./.test(name));
}

async function measure(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function dice(start: number): () => number {
  let state = start;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
