import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DAY, silentLogger, systemClock } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { abandonedFetches } from './abandoned.ts';

test('only what has our names, and has not changed for a week, was left behind', async () => {
  await using directory = await temporaryDirectory();
  const stateDir = directory.path;
  const cache = join(stateDir, 'offsite', 'nas');
  const made = [join(stateDir, 'fetched-aB3dE6'), join(cache, 'drill-aB3dE6')];
  const others = [join(stateDir, 'fetched-by-hand'), join(stateDir, 'drill-aB3dE6'), join(cache, 'copies')];
  for (const path of [...made, ...others]) {
    mkdirSync(join(path, 'daily'), { recursive: true });
    writeFileSync(join(path, 'daily', 'file'), 'x');
  }
  symlinkSync(others[0]!, join(stateDir, 'fetched-linked'));
  writeFileSync(join(stateDir, 'fetched-zzzzzz'), 'a file');
  const at = (days: number) => ({
    ...{ stateDir, logger: silentLogger },
    clock: { ...systemClock, now: () => systemClock.now() + days * DAY },
  });
  expect(await abandonedFetches(at(6))).toEqual([]);
  expect(await abandonedFetches(at(8))).toEqual(made);
  expect(await abandonedFetches({ ...at(8), stateDir: join(stateDir, 'none') })).toEqual([]);
  expect(readdirSync(stateDir)).toContain('fetched-aB3dE6');
  // a change deep inside, such as a fetch that goes on, makes it live again
  const since = systemClock.now() + 20;
  await setTimeout(60);
  chmodSync(join(made[0]!, 'daily', 'file'), 0o600);
  const clock = { ...systemClock, now: () => since + 7 * DAY };
  expect(await abandonedFetches({ ...at(0), clock })).toEqual([made[1]]);
});
