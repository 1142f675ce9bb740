import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenAlert } from '@gofr-backup/model';
import { connect, openAlerts, writeRaised } from '@gofr-backup/queue';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backupAt, visit } from '../visitor.fixture.ts';

const TOKEN = 'a-token-for-scripts-0123';
const alert: OpenAlert = {
  ...{ kind: 'corrupt', about: 'a"<b>.tar.gz', title: 'a backup is damaged' },
  ...{ text: 'Check the disk: `gofr-backup verify --all`', since: '2026-03-03T12:00:00Z' },
};

test('an alert is acknowledged with a button, once, and the page says by whom', async () => {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'command' });
  const env = { BACKUP_REDIS_URL: redis.url, BACKUP_DASHBOARD_TOKEN: TOKEN };
  const directory = await mkdtemp(join(tmpdir(), 'gofr-alerts-'));
  await using visitor = await visit(directory, env, [backupAt('2026-03-03T02:00:00Z')]);
  await writeRaised(connection, 'plot', {
    corrupt: alert,
    held: { ...alert, kind: 'prune-held', about: '' },
  });
  const page = await waitFor(async () => {
    const text = await visitor.text('./');
    return text.includes('Alerts that were sent') && text;
  });
  expect(page).toContain('value="corrupt/a&quot;&lt;b&gt;.tar.gz"');
  const refused = await visitor.ask('./actions/acknowledge', {
    ...{ method: 'POST', body: new URLSearchParams({ alert: 'prune-held' }) },
  });
  expect(refused.status).toBe(403);
  const answer = await visitor.submit('./actions/acknowledge', { alert: 'corrupt/a"<b>.tar.gz' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/?said=acknowledged']);
  const after = await visitor.text('./?said=acknowledged');
  expect(after).toMatch(/Acknowledged by 127\.0\.0\.1 on the page at <time/);
  expect(after.match(/action="[^"]*acknowledge"/g)).toHaveLength(1);
  const asked = (id: string) =>
    visitor.ask('./actions/acknowledge', {
      ...{ method: 'POST', body: JSON.stringify({ alert: id }) },
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    });
  expect((await asked('prune-held')).status).toBe(200);
  expect((await asked('nothing')).status).toBe(404);
  const open = await openAlerts(connection, 'plot');
  expect(open.filter(({ acknowledged }) => acknowledged)).toHaveLength(2);
  connection.close();
});
