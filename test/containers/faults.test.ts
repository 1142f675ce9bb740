import { expect, test } from 'vitest';
import { backUp, backupUnderWay, type Entry, listed, expectNothingLost, SLOW, slowData } from './backups.ts';
import { docker, must, run } from './docker.ts';
import { observe } from './reliability.ts';
import { APP_UID, Stack, until } from './stack.ts';

function started(env: Record<string, string> = {}): Promise<Stack> {
  return Stack.started({ env }, async (stack) => {
    await stack.up('web', 'backup');
    await stack.healthy('backup', 'scheduler');
  });
}

/** After the fault: everything that was there is, the stack is healthy, and the next run is good. */
async function expectRecovered(stack: Stack, before: Entry[], fault: string, during: string): Promise<void> {
  const begun = performance.now();
  await stack.healthy('redis', 'scheduler', 'backup');
  await expectNothingLost(stack, before);
  await backUp(stack);
  const seconds = (performance.now() - begun) / 1000;
  await observe({ fault, during, after: 'nothing lost, next backup good and verified', recovery: seconds });
}

test('Redis killed, paused, cut off, and its volume lost: services stay, backups stay, the next run is good', async () => {
  await using stack = await started();
  await backUp(stack);
  const before = await listed(stack);

  await must(stack.compose(['kill', '-s', 'KILL', 'redis']));
  const away = await stack.cli('now');
  expect(away.code, away.stderr).toBe(69);
  const list = await stack.cli('list');
  expect(list.stdout).toContain('Total Backups: 1');
  await stack.up('redis');
  await expectRecovered(stack, before, 'Redis killed', '`now` answers 69, `list` works without it');

  await docker('pause', await stack.id('redis'));
  expect((await stack.cli('now')).code).toBe(69);
  await docker('unpause', await stack.id('redis'));
  await expectRecovered(stack, before, 'Redis frozen (docker pause)', '`now` answers 69 instead of hanging');

  const network = `${stack.name}_backend`;
  await docker('network', 'disconnect', network, await stack.id('redis'));
  expect((await stack.cli('now')).code).toBe(69);
  await docker('network', 'connect', '--alias', 'redis', network, await stack.id('redis'));
  await expectRecovered(stack, before, 'Redis cut off from the network', '`now` answers 69');

  await must(stack.compose(['rm', '-sf', 'redis']));
  await docker('volume', 'rm', `${stack.name}_redis`);
  await stack.up('redis');
  await until('the schedule is there again', async () => {
    return (await stack.json<{ next_run: object | null }>('status')).next_run !== null;
  });
  await expectRecovered(stack, before, "Redis's volume lost", 'the schedule is made anew from the settings');
});

test('the worker killed in the middle of a job: nothing half-made, the job is taken up again', async () => {
  await using stack = await started(SLOW);
  await slowData(stack);
  const before = await listed(stack);
  await must(stack.cli('now', '--no-wait'));
  await backupUnderWay(stack);
  await stack.helper('! ls /backups/daily/gofr-plot_daily_* 2>/dev/null');
  await must(stack.compose(['kill', '-s', 'KILL', 'backup']));
  await stack.up('backup');
  await until(
    'the killed job ends well',
    async () => (await listed(stack)).some((e) => e.status === 'good'),
    240,
  );
  await expectRecovered(
    stack,
    before,
    'Worker killed (SIGKILL) in the middle of a backup',
    'no file under a final name; the job runs again',
  );
});

/** Fills the container's memory, and makes the kernel choose the worker when there is none left. */
const OUT_OF_MEMORY = `
for d in /proc/[0-9]*; do
  if tr '\\0' ' ' <$d/cmdline | grep -q 'main.js[ ]worker'; then echo 1000 >$d/oom_score_adj; fi
done
node -e 'const hog = []; for (;;) hog.push(Buffer.alloc(8e6, 1))'`;

test('the worker killed for want of memory in the middle of a job: restarted, the job is taken up again', async () => {
  await using stack = await started(SLOW);
  await slowData(stack);
  const before = await listed(stack);
  await must(stack.cli('now', '--no-wait'));
  await backupUnderWay(stack);
  const id = await stack.id('backup');
  await stack.compose(['exec', '-T', 'backup', 'sh', '-c', OUT_OF_MEMORY]);
  await until(
    'Docker restarts it',
    async () => Number(await docker('inspect', '-f', '{{.RestartCount}}', id)) > 0,
  );
  await until(
    'the killed job ends well',
    async () => (await listed(stack)).some((e) => e.status === 'good'),
    240,
  );
  await expectRecovered(
    stack,
    before,
    'Worker killed by the kernel for want of memory, in the middle of a backup',
    'restarted by Docker; the job runs again',
  );
});

test('all killed and all started, as by a power cut', async () => {
  await using stack = await started();
  await backUp(stack);
  const before = await listed(stack);
  await must(stack.cli('now', '--no-wait'));
  await must(stack.compose(['kill', '-s', 'KILL']));
  await must(stack.compose(['up', '-d', '--no-build', 'web', 'backup']));
  await expectRecovered(
    stack,
    before,
    'Host rebooted without warning',
    'all containers killed at once, then started',
  );
});

test('a backups volume that is full: 74, the partial file gone, every older backup kept', async () => {
  const overlay = `
volumes:
  backups:
    external: true
`;
  await using stack = await Stack.create({ overlay });
  const image = `/tmp/${stack.name}.ext4`;
  await must(
    run('sh', [
      '-ec',
      `truncate -s 24M ${image}; mkfs.ext4 -qF ${image}; losetup -f --show ${image} >${image}.dev`,
    ]),
  );
  const device = (await must(run('cat', [`${image}.dev`]))).trim();
  try {
    await docker(
      'volume',
      'create',
      '-d',
      'local',
      '-o',
      'type=ext4',
      '-o',
      `device=${device}`,
      `${stack.name}_backups`,
    );
    await stack.helper(`chown ${APP_UID}:${APP_UID} /backups`);
    await stack.up('web', 'backup');
    await stack.healthy('backup');
    await backUp(stack);
    const before = await listed(stack);
    await stack.helper(
      'head -c 40000000 /dev/urandom >/data/storage/big.bin; chown 1234:1234 /data/storage/big.bin',
    );
    const full = await stack.cli('now');
    expect(full.code, full.stderr).toBe(74);
    expect(await stack.helper("find /backups -name '.tmp-*'")).toBe('');
    await stack.helper('rm /data/storage/big.bin');
    await expectRecovered(
      stack,
      before,
      'Backups volume full (24 MB ext4)',
      '`now` answers 74, no partial file is left',
    );
  } finally {
    await stack.compose(['down', '-t', '2']);
    await run('sh', [
      '-c',
      `docker volume rm -f ${stack.name}_backups; losetup -d ${device}; rm -f ${image} ${image}.dev`,
    ]);
  }
});
