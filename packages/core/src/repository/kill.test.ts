/**
 * Killed at any moment, a backup directory is as before or as after, and the next run makes it tidy. Set KILL_SEED to
 * repeat a run, KILL_MOMENTS=all to try every moment.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedFrom } from '@gofr-backup/testing';
import { TIERS } from '@gofr-backup/model';
import { SIDECARS } from './layout.ts';
import { parseManifest } from './catalogue/manifest.ts';
import { begin, clock, contentOf, HISTORY, life, repositoryIn } from './kill.scenario.ts';
import { locked } from './testing.ts';

const run = promisify(execFile);
const seed = seedFrom('KILL_SEED');
const wanted = process.env['KILL_MOMENTS'] === 'all' ? Infinity : 24;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gofr-kill-'));
  await begin(join(root, 'template'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const liveAndDie = async (name: string, moment: number): Promise<string> => {
  const directory = join(root, name);
  await cp(join(root, 'template'), directory, { recursive: true });
  const fixture = join(import.meta.dirname, 'kill.fixture.ts');
  const end = await run(process.execPath, [fixture, directory, String(moment)]).catch(
    (error: unknown) => error,
  );
  return moment === 0 ? (end as { stdout: string }).stdout : String((end as { signal?: string }).signal);
};

test(
  `nothing half-made, nothing lost, whenever it is killed (seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    const all = Number(await liveAndDie('whole', 0));
    expect(all).toBeGreaterThan(100);
    const moments = choose(all);
    const queue = [...moments];
    const worker = async () => {
      for (let moment = queue.pop(); moment !== undefined; moment = queue.pop()) {
        const name = `killed-${moment}`;
        expect(await liveAndDie(name, moment), `moment ${moment} of ${all}`).toBe('SIGKILL');
        await inspect(join(root, name), `moment ${moment} of ${all}, seed ${seed}`);
      }
    };
    const ends = await Promise.allSettled([worker(), worker(), worker()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  },
);

async function inspect(directory: string, when: string): Promise<void> {
  const manifest = await readFile(join(directory, 'manifest.json'), 'utf8');
  expect(parseManifest(manifest).damage, when).toBeUndefined();
  await expectWholeArchives(directory, when);

  const repository = await repositoryIn(directory);
  await locked(repository, clock, () => repository.sweep());
  await expectTidy(directory, when);
  const entries = await repository.catalogue();
  const ages = entries.filter(({ tier }) => tier === 'daily').map(({ files }) => files ?? -1);
  const trashed = (await repository.trashed()).map(({ filename }) => filename);
  // each where it was or where it was going, and never in two places
  expect(ages, when).toEqual(expect.arrayContaining([1, 4]));
  expect(Number(ages.includes(2)) + Number(trashed.some((name) => name.includes('20251212'))), when).toBe(1);
  expect(Number(ages.includes(5)) + Number(trashed.some((name) => name.includes('20251209'))), when).toBe(1);
  expect(entries.find(({ files }) => files === 4)?.status, when).toBe('incomplete');
  for (const back of entries.filter(({ files }) => files === 5)) expect(back.pinned, when).toBe(true);

  await life(directory);
  await expectTidy(directory, when);
  expect(
    (await repository.catalogue()).some(({ status }) => status === 'good'),
    when,
  ).toBe(true);
}

/** Under a final name lies what one run wrote, all of it; a checksum beside it is its own. */
async function expectWholeArchives(directory: string, when: string): Promise<void> {
  const whole = [0, ...HISTORY].map(contentOf);
  for (const tier of TIERS) {
    const names = await readdir(join(directory, tier)).catch((): string[] => []);
    for (const name of names.filter((one) => one.endsWith('.tar.gz') && !one.startsWith('.tmp-'))) {
      const content = await readFile(join(directory, tier, name), 'utf8');
      expect(whole, `${when}: ${name}`).toContain(content);
      const checksum = await readFile(join(directory, tier, `${name}.sha256`), 'utf8').catch(() => undefined);
      const sha256 = createHash('sha256').update(content).digest('hex');
      if (checksum !== undefined) expect(checksum, when).toBe(`${sha256}  ${name}\n`);
    }
  }
}

/** Every archive with all its sidecars and its record; nothing else. */
async function expectTidy(directory: string, when: string): Promise<void> {
  const archives: string[] = [];
  for (const tier of TIERS) {
    const names = await readdir(join(directory, tier)).catch((): string[] => []);
    const ours = names.filter((name) => name.endsWith('.tar.gz'));
    const expected = ours.flatMap((name) => ['', ...SIDECARS].map((suffix) => name + suffix));
    expect(names.toSorted(), when).toEqual(expected.toSorted());
    archives.push(...ours);
  }
  const { records, damage } = parseManifest(await readFile(join(directory, 'manifest.json'), 'utf8'));
  expect(damage, when).toBeUndefined();
  expect([...records.keys()].toSorted(), when).toEqual(archives.toSorted());
  const beside = (await readdir(directory)).filter((name) => name.startsWith('.tmp-'));
  expect(beside, when).toEqual([]);
}

function choose(all: number): number[] {
  const moments = Array.from({ length: all }, (_, place) => place + 1);
  let state = seed;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return moments
    .map((moment) => ({ moment, order: next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, wanted)
    .map(({ moment }) => moment);
}
