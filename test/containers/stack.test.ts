import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp, listed, expectNothingLost } from './backups.ts';
import { docker, must, run } from './docker.ts';
import { APP_UID, IMAGE, ROOT, Stack, until } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.create();
  await stack.up('web', 'backup');
  await stack.healthy('redis', 'scheduler', 'backup');
});
afterAll(() => stack?.[Symbol.asyncDispose]());

/** The three scripts, told to use this stack by compose's own variables. */
function script(name: string, ...args: string[]) {
  const env = {
    ...stack.env,
    COMPOSE_PROJECT_NAME: stack.name,
    COMPOSE_FILE: `${ROOT}/docker/docker-compose.yml:${ROOT}/docker/docker-compose.example.yml`,
  };
  return run(`${ROOT}/scripts/${name}`, args, { env, timeoutMs: 120_000 });
}

test('the image is at most 60 MB above its base and runs as nobody special', async () => {
  const size = async (image: string) => Number(await docker('image', 'inspect', '-f', '{{.Size}}', image));
  expect((await size(IMAGE)) - (await size('node:24-bookworm-slim'))).toBeLessThan(60e6);
  expect((await docker('image', 'inspect', '-f', '{{.Config.User}}', IMAGE)).trim()).toBe('node');
});

test('`up backup` brings up all it needs and opens no port', async () => {
  const services = (await must(stack.compose(['ps', '--services', '--filter', 'status=running'])))
    .trim()
    .split('\n')
    .sort();
  expect(services).toEqual(['backup', 'redis', 'scheduler', 'web']);
  for (const service of ['redis', 'scheduler', 'backup']) {
    expect(
      await docker('inspect', '-f', '{{json .HostConfig.PortBindings}}', await stack.id(service)),
    ).toMatch(/^(null|\{\})/);
  }
  await until('the scheduler says the next run', async () => /next run/i.test(await stack.logs('scheduler')));
});

test('a volume being written by another uid is backed up, verified and listed', async () => {
  const { entry } = await backUp(stack);
  expect(entry.filename).toMatch(/^gofr-plot_daily_\d{8}_\d{6}(_\d+)?\.tar\.gz$/);
  const files = await stack.helper(`tar tzf /backups/daily/${entry.filename}`);
  expect(files).toMatch(/^data\/auth\/tokens\.json$/m);
  expect(files).toMatch(/^data\/storage\/metadata\.json$/m);
  expect(files).toMatch(/^logs\/service\.log$/m);
  expect((await must(stack.cli('list'))).split('\n')).toEqual(
    expect.arrayContaining([
      'DAILY BACKUPS (1):',
      '-'.repeat(80),
      `  ${entry.filename}`,
      'SUMMARY:',
      'Total Backups: 1',
    ]),
  );
});

test('the data is mounted read-only, and the container has no capability and no writable root', async () => {
  const touched = await stack.compose([
    'exec',
    '-T',
    'backup',
    'sh',
    '-c',
    'touch /data/x; touch /app/x; grep CapEff /proc/self/status; id -u',
  ]);
  expect(touched.stderr).toMatch(/\/data\/x.*Read-only/);
  expect(touched.stderr).toMatch(/\/app\/x.*Read-only/);
  expect(touched.stdout).toMatch(/CapEff:\s*0+\n/);
  expect(touched.stdout.trim().split('\n').at(-1)).toBe(String(APP_UID));
});

test('the three scripts: back up now, list, restore the latest after the volume was emptied', async () => {
  await must(stack.compose(['stop', '-t', '2', 'web']));
  const made = await script('backup_now.sh');
  expect(made.code, made.stderr).toBe(0);
  const before = await stack.helper(
    'cd / && find data/storage data/auth logs -type f -exec sha256sum {} + | sort; find data/storage data/auth -printf "%p %m %U %G %T@\\n" | sort',
  );
  await stack.helper('rm -rf /data/storage /data/auth /logs/*');

  const declined = await script('restore_backup.sh', '--latest');
  expect(declined.code).toBe(6);
  expect(await stack.helper('ls /data')).not.toContain('storage');

  const restored = await script('restore_backup.sh', '--latest', '--yes');
  expect(restored.code, restored.stderr + restored.stdout).toBe(0);
  const after = await stack.helper(
    'cd / && find data/storage data/auth logs -type f -exec sha256sum {} + | sort; find data/storage data/auth -printf "%p %m %U %G %T@\\n" | sort',
  );
  expect(withoutTimes(after)).toBe(withoutTimes(before));
  const wanted = times(before);
  for (const [i, time] of times(after).entries()) expect(time).toBeCloseTo(wanted[i] ?? NaN, 5);
  const list = await script('list_backups.sh');
  expect(list.stdout).toContain('Verified: ✓');
  await stack.up('web');
  await expectNothingLost(stack, await listed(stack));
});

/** Node sets times as a double, which is exact to half a microsecond; everything else is compared to the letter. */
const withoutTimes = (listing: string) => listing.replaceAll(/ \d+\.\d{10}$/gm, '');
const times = (listing: string) => [...listing.matchAll(/ (\d+\.\d{10})$/gm)].map(([, time]) => Number(time));

test('a backup made after the root-owned restore can still be read, listed and pruned by the service', async () => {
  await backUp(stack);
  const owners = await stack.helper('find /backups -mindepth 1 ! -uid 1234 -printf "%p %U\\n"');
  expect(owners).toBe('');
});

test("the first generation's commands still do what they did", async () => {
  expect(await docker('exec', `${stack.name}-backup`, 'env')).toContain('BACKUP_REDIS_URL_FILE');
  expect(await must(stack.compose(['logs', '--tail=100', 'backup']))).not.toBe('');
  expect(await must(stack.compose(['ps', 'backup']))).toContain('healthy');
  await must(stack.compose(['restart', '-t', '20', 'backup']));
  await stack.healthy('backup');
  await backUp(stack);
});

test('the dashboard answers on loopback only, behind a login', async () => {
  await must(stack.compose(['--profile', 'dashboard', 'up', '-d', '--no-build', 'dashboard']));
  await stack.healthy('dashboard');
  const port = (await must(stack.compose(['--profile', 'dashboard', 'port', 'dashboard', '3900']))).trim();
  expect(port).toMatch(/^127\.0\.0\.1:\d+$/);
  const page = await fetch(`http://${port}/`, { redirect: 'manual' });
  expect([301, 302, 303, 401]).toContain(page.status);
});
