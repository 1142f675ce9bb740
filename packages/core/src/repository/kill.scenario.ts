/** For kill.test.ts: what happens to the backup directory, once whole and again and again cut short. */
import { type Clock, silentLogger, systemClock } from '@gofr-backup/model';
import { openRepository } from './repository.ts';
import type { Repository } from './repository.ts';
import { addBackup, locked } from './testing.ts';

export const NOW = Date.parse('2025-12-14T02:00:00Z');
const DAY = 86_400_000;
/** Days old when the scenario begins. */
export const HISTORY = [1, 2, 3, 4, 5];
export const contentOf = (age: number): string => `backup of age ${age}, whole`;
export const clock: Clock = { ...systemClock, now: () => NOW };

export const repositoryIn = (backupDir: string): Promise<Repository> =>
  openRepository({
    backupDir,
    project: 'plot',
    prefix: 'gofr-plot',
    timezone: 'UTC',
    clock,
    logger: silentLogger,
  });

export async function begin(backupDir: string): Promise<void> {
  const repository = await repositoryIn(backupDir);
  await locked(repository, clock, async () => {
    for (const age of HISTORY) await add(repository, age);
    const oldest = (await repository.catalogue()).at(-1);
    if (oldest) await repository.remove(oldest, { trash: true });
  });
}

/** Age 0 is made and promoted; 2 goes to the trash and 3 for good, in one step; 5 comes back from the trash. */
export async function life(backupDir: string): Promise<void> {
  const repository = await repositoryIn(backupDir);
  await locked(repository, clock, async () => {
    await repository.sweep();
    const entry = await add(repository, 0);
    await repository.promote(
      await repository.update(entry.filename, { status: 'good', verified: true }),
      'weekly',
    );
    const [, , second, third] = (await repository.catalogue()).filter(({ tier }) => tier === 'daily');
    await repository.step(async () => {
      if (second) await repository.remove(second, { trash: true });
      if (third) await repository.remove(third);
    });
    for (const { filename } of (await repository.trashed()).filter((one) =>
      one.filename.includes('20251209'),
    ))
      await repository.undelete(filename);
  });
}

const add = (repository: Repository, age: number) =>
  addBackup(repository, NOW - age * DAY, contentOf(age), {
    status: age === 4 ? 'incomplete' : 'unverified',
    files: age,
  });
