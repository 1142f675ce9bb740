import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp, backupUnderWay, listed, expectNothingLost, SLOW, slowData } from './backups.ts';
import { must } from './docker.ts';
import { Stack, until } from './stack.ts';

const files = ['docker-compose.single.yml', 'docker-compose.example.yml'];
let stack: Stack;
beforeAll(async () => {
  stack = await Stack.create({ files });
  await stack.up('web', 'backup');
  await stack.healthy('backup');
});
afterAll(() => stack?.[Symbol.asyncDispose]());

test('one container, no network: back up, list, restore', async () => {
  const { entry } = await backUp(stack);
  await must(stack.compose(['stop', '-t', '2', 'web']));
  await stack.helper('rm -rf /data/storage');
  const restored = await stack.restore(entry.filename, '--yes', '--no-safety-backup');
  expect(restored.code, restored.stderr).toBe(0);
  expect(await stack.helper('ls /data/storage')).toContain('metadata.json');
});

test('the embedded queue outlives a killed container: history and schedule are still there', async () => {
  const before = await listed(stack);
  await must(stack.compose(['kill', '-s', 'KILL', 'backup']));
  await stack.up('backup');
  await stack.healthy('backup');
  await until('the next run is said again', async () => /next run/i.test(await stack.logs('backup')));
  await expectNothingLost(stack, before);
  await backUp(stack);
});

test('a file of another uid: named at start with the two ways out, and by the run, which ends with 77', async () => {
  await using strict = await Stack.create({ files });
  await strict.helper(
    'mkdir -p /data/storage; echo mine >/data/storage/open; echo >/data/storage/secret; chmod 600 /data/storage/secret',
  );
  await strict.up('backup');
  await until('it says so at start', async () => {
    const logs = await strict.logs('backup');
    return /"\/data\/storage\/secret".*GOFR_UID.*DAC_READ_SEARCH/.test(logs);
  });
  await strict.healthy('backup');
  const ran = await strict.cli('now');
  expect(ran.code).toBe(77);
  expect(ran.stderr).toContain('data/storage/secret');
  expect(await listed(strict)).toMatchObject([{ status: 'incomplete' }]);
});

test('disabled, it stays up and says so', async () => {
  await using idle = await Stack.create({ files, env: { GOFR_PLOT_BACKUP_ENABLED: 'false' } });
  await idle.up('web', 'backup');
  await idle.healthy('backup');
  expect(await idle.logs('backup')).toMatch(/switched off/);
  await backUp(idle);
});

test('SIGTERM with a job running is answered within the grace period, and the job is not lost', async () => {
  await using slow = await Stack.create({ files, env: SLOW });
  await slowData(slow);
  await slow.up('backup');
  await slow.healthy('backup');
  await must(slow.cli('now', '--no-wait'));
  await backupUnderWay(slow);
  const begun = performance.now();
  await must(slow.compose(['stop', 'backup']));
  expect((performance.now() - begun) / 1000).toBeLessThan(30);
  expect((await slow.state('backup')).ExitCode).toBe(0);
  await slow.up('backup');
  await until(
    'the job is taken up again and ends well',
    async () => (await listed(slow)).some((e) => e.status === 'good'),
    180,
  );
});

test('bad settings: exit 78, every one named, no stack trace', async () => {
  await using bad = await Stack.create({
    files,
    env: {
      GOFR_PLOT_BACKUP_SCHEDULE: 'daily',
      GOFR_PLOT_BACKUP_COMPRESSION: 'rar',
      GOFR_PLOT_BACKUP_KEEP_LAST: '-1',
    },
  });
  const ran = await bad.compose(['run', '--rm', '-T', 'backup', 'serve']);
  expect(ran.code).toBe(78);
  for (const name of ['SCHEDULE', 'COMPRESSION', 'KEEP_LAST'])
    expect(ran.stderr).toContain(`GOFR_PLOT_BACKUP_${name}`);
  expect(ran.stderr).not.toMatch(/^\s+at /m);
});
