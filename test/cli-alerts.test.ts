import { connect, writeRaised } from '@gofr-backup/queue';
import { privateRedis } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

test('alerts lists those that are open, and acknowledges one by its id', async () => {
  await using redis = await privateRedis();
  await using sandbox = await Sandbox.create();
  const connection = await connect(redis.url, { mode: 'command' });
  const env = { BACKUP_REDIS_URL: redis.url };
  expect((await sandbox.run(['alerts'], env)).stdout).toBe(
    'No alert that was sent is open. What is wrong now: gofr-backup status\n',
  );
  await writeRaised(connection, 'plot', {
    one: {
      ...{ kind: 'backup-failed', about: '', title: 'backup failed', text: 'No space left.' },
      since: '2026-03-03T12:00:00Z',
    },
  });
  connection.close();
  expect((await sandbox.run(['alerts'], env)).stdout).toBe(
    'backup-failed\n  Since 2026-03-03 12:00:00. No space left.\n  gofr-backup alerts --acknowledge backup-failed\n',
  );
  const seen = await sandbox.run(['alerts', '--acknowledge', 'backup-failed'], env);
  expect(seen).toMatchObject({ code: 0 });
  expect(seen.stdout).toMatch(/^✓ backup-failed: acknowledged by \S.* on the command line at 20/);
  const { stdout } = await sandbox.run(['alerts', '--json'], env);
  expect(JSON.parse(stdout)).toMatchObject({
    alerts: [{ id: 'backup-failed', acknowledged: { by: expect.stringMatching(/ on the command line$/) } }],
  });
  const unknown = await sandbox.run(['alerts', '--acknowledge', 'corrupt', '--json'], env);
  expect(unknown.code).toBe(4);
  expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: 'NO_SUCH_ALERT' } });
});

test('without a service it says where alerts are kept', async () => {
  await using sandbox = await Sandbox.create();
  const ran = await sandbox.run(['alerts']);
  expect(ran.code).toBe(69);
  expect(ran.stderr).toContain('gofr-backup serve');
});
