import { expect, test } from 'vitest';
import { backUp, listed } from './backups.ts';
import { docker, must, run } from './docker.ts';
import { expectRecovered, started } from './recovering.ts';
import { APP_UID, Stack, until } from './stack.ts';

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
