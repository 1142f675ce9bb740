import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { backupAt, visit } from '../visitor.fixture.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const NOW = '2025-12-13T08:00:00Z';

async function scrape(): Promise<string> {
  const full = { source_bytes: 900, reused_bytes: 0, files: 7, duration_ms: 1500, verify_ms: 700 };
  const entries = [
    backupAt('2025-12-13T02:00:00Z', { ...full, last_drill_at: '2025-12-13T06:00:00Z', last_drill_ok: true }),
    backupAt('2025-12-12T02:00:00Z', { status: 'corrupt', verified: false }),
    backupAt('2025-12-07T02:00:00Z', { tier: 'weekly' }),
  ];
  const backupDir = await mkdtemp(join(tmpdir(), 'gofr-metrics-'));
  await using visitor = await visit(backupDir, {}, entries, fakeClock(NOW));
  return await visitor.text('./metrics');
}

test('ages, counts and limits are what the catalogue says at the time of the scrape', async () => {
  const text = await scrape();
  for (const line of [
    'gofr_backup_newest_good_age_seconds{project="plot",tier="daily"} 21600',
    'gofr_backup_newest_good_age_seconds{project="plot",tier="weekly"} 540000',
    'gofr_backup_last_drill_age_seconds{project="plot",tier="daily"} 7200',
    'gofr_backup_last_drill_success{project="plot",tier="daily"} 1',
    'gofr_backup_backups{project="plot",tier="daily",status="corrupt"} 1',
    'gofr_backup_last_backup_read_bytes{project="plot"} 900',
    'gofr_backup_last_backup_duration_seconds{project="plot"} 1.5',
    'gofr_backup_max_age_seconds{project="plot"} 93600',
    'gofr_backup_queue_up{project="plot"} 0',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toMatch(/newest_good_age_seconds\{[^}]*monthly/); // unknown is not zero
  expect(text).not.toMatch(/^gofr_backup_next_run_timestamp_seconds\{/m); // no scheduler lives
});

test('every metric is documented, and nothing is documented that is none', async () => {
  const names = [...(await scrape()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  const documented = [
    ...(await readFile(join(ROOT, 'docs/metrics.md'), 'utf8')).matchAll(/^\| `(gofr_backup_\w+)/gm),
  ].map(([, name]) => name);
  expect(documented.sort()).toEqual(names.sort());
});

test('alert rules and the Grafana dashboard ask only for metrics there are', async () => {
  const names = new Set([...(await scrape()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const file of ['docker/prometheus/alerts.yml', 'docker/grafana/gofr-backup.json']) {
    const used = [...(await readFile(join(ROOT, file), 'utf8')).matchAll(/gofr_backup_\w+/g)].map(
      ([name]) => name,
    );
    expect(used.length).toBeGreaterThan(5);
    expect([...new Set(used)].filter((name) => !names.has(name))).toEqual([]);
  }
});

const promtool = (arguments_: string[], input?: string) =>
  spawnSync('promtool', arguments_, {
    cwd: join(ROOT, 'docker/prometheus'),
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  });
// a machine without Debian's `prometheus` skips this, CI must have it
const missing = promtool(['--version']).error !== undefined && !process.env['CI'];

describe.skipIf(missing)('promtool (apt-get install prometheus)', () => {
  test('finds nothing wrong with the metrics', async () => {
    const { status, stdout, stderr } = promtool(['check', 'metrics'], await scrape());
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });
  test('finds the rules sound, and each fires when it should and is silent when it should', () => {
    expect(promtool(['check', 'rules', 'alerts.yml'])).toMatchObject({ status: 0 });
    const { status, stdout, stderr } = promtool(['test', 'rules', 'alerts.test.yml']);
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
