import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, run } from './steps.ts';

// outside the checkout, so that nothing of node_modules can be found from there
const root = mkdtempSync(join(tmpdir(), 'build-'));
const main = join(root, 'cli/main.js');
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  const built = await run(process.execPath, [join(ROOT, 'scripts/build.ts'), '--into', root]);
  expect(built, built.output).toMatchObject({ code: 0 });
});

function gofrBackup(...args: string[]) {
  const settings = {
    GOFR_PLOT_BACKUP_DATA_DIR: join(root, 'data'),
    GOFR_PLOT_BACKUP_LOGS_DIR: join(root, 'logs'),
    GOFR_PLOT_BACKUP_BACKUP_DIR: join(root, 'backups'),
  };
  return run(process.execPath, [main, ...args], { cwd: root, env: { ...process.env, ...settings } });
}

test('the bundle needs nothing beside it: a backup through the queue, in threads, read back by tar', async () => {
  mkdirSync(join(root, 'data/storage'), { recursive: true });
  mkdirSync(join(root, 'backups'));
  writeFileSync(join(root, 'data/storage/metadata.json'), '{}');
  const now = await gofrBackup('now', '--json');
  expect(now, now.output).toMatchObject({ code: 0 });
  const verify = await gofrBackup('verify', '--all', '--json');
  expect(verify, verify.output).toMatchObject({ code: 0 });
  const [archive = ''] = readdirSync(join(root, 'backups/daily')).filter((name) => name.endsWith('.tar.gz'));
  const listed = await run('tar', ['-tzf', join(root, 'backups/daily', archive)]);
  expect(listed.stdout).toContain('data/storage/metadata.json');
});

test('a thread is one file, with nothing that only the program uses', () => {
  for (const name of ['frame-worker.js', 'read-worker.js', 'database-worker.js']) {
    const thread = readFileSync(join(root, 'cli', name), 'utf8');
    expect(thread).not.toMatch(/from ?"\.|luxon|safeParse/i);
    expect(thread.length).toBeLessThan(120_000);
  }
});

test('--version answers at once', async () => {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    expect((await gofrBackup('--version')).stdout).toMatch(/^\d+\.\d+\.\d+( \(.*\))?\n$/);
    times.push(performance.now() - started);
  }
  // 40 ms on a quiet machine; the best of five, with room for a busy one
  expect(Math.min(...times)).toBeLessThan(300);
});
