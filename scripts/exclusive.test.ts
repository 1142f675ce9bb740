import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exclusive } from './exclusive.mjs';
import { ROOT, run } from './steps.ts';

const MODULE = join(ROOT, 'scripts/exclusive.mjs');

test.skipIf(process.platform !== 'linux')('only one process is inside at a time', async () => {
  const name = randomUUID();
  const inside = `import { exclusive } from ${JSON.stringify(MODULE)};
    await exclusive(${JSON.stringify(name)}, async () => {
      console.log('in', Date.now());
      await new Promise((resolve) => setTimeout(resolve, 200));
      console.log('out', Date.now());
    });`;
  const runs = await Promise.all(
    [1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', inside])),
  );
  const stays = runs
    .map(({ stdout }) => stdout.match(/\d+/g)?.map(Number) ?? [])
    .sort(([a = 0], [b = 0]) => a - b);
  expect(stays.flat()).toHaveLength(6);
  expect(stays.flat()).toEqual(stays.flat().sort((a, b) => a - b));
});

test.skipIf(process.platform !== 'linux')('a holder that is killed leaves nothing locked', async () => {
  const name = randomUUID();
  const forever = `import { exclusive } from ${JSON.stringify(MODULE)};
    await exclusive(${JSON.stringify(name)}, () => { console.log('in'); return new Promise((resolve) => setTimeout(resolve, 1e8)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', forever], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  let waited = false;
  const mine = exclusive(
    name,
    async () => 'mine',
    () => {
      waited = true;
      holder.kill('SIGKILL');
    },
  );
  expect(await mine).toBe('mine');
  expect(waited).toBe(true);
});
