/** `doctor` on a real installation: what is well, and what to do about the rest. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

interface Check {
  name: string;
  ok: boolean;
  message: string;
  hint: string;
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const checks = async (env: Record<string, string> = {}): Promise<Check[]> => {
  const { code, stdout } = await sandbox.run(['doctor', '--json'], env);
  const document = JSON.parse(stdout) as { checks: Check[] };
  expect(code).toBe(document.checks.every(({ ok }) => ok) ? 0 : 1);
  return document.checks;
};
const wrong = (all: Check[]): string[] => all.filter(({ ok }) => !ok).map(({ name }) => name);

test('a fresh installation is told its next steps, and they help', async () => {
  const before = await checks();
  expect(wrong(before)).toEqual(['redis', 'alerts', 'backups']);
  expect(before.find(({ name }) => name === 'schedule')).toMatchObject({
    ok: true,
    message: expect.stringMatching(/^0 2 \* \* \* \(.*\): \d{4}-.*, \d{4}-.*, \d{4}-/) as string,
  });
  await sandbox.json(['now']);
  const after = await checks();
  expect(wrong(after)).toEqual(['redis', 'alerts', 'drill']);
  await sandbox.json(['drill']);
  expect(wrong(await checks())).toEqual(['redis', 'alerts']);

  const { stdout, code } = await sandbox.run(['doctor']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^✓ data {7}storage: .* can be read/m);
  expect(stdout).toMatch(/^✗ alerts {5}No alert channel is configured\n {4}to do: Set ALERT_EMAIL_TO/m);
});

test('a component that is one file is there', async () => {
  await writeFile(join(sandbox.data, 'one.db'), 'x');
  const all = await checks({ BACKUP_PATHS: 'one:one.db' });
  expect(all.find(({ name }) => name === 'data')).toMatchObject({
    ok: true,
    message: expect.stringMatching(/^one: .*one\.db can be read/) as string,
  });
});

test('a component of very many directories is not told as empty', async () => {
  const many = Array.from({ length: 5100 }, (_, n) => join(sandbox.data, 'many', String(n)));
  for (const directory of many) await mkdir(directory, { recursive: true });
  await writeFile(join(many[0] ?? '', 'file'), 'x');
  const all = await checks({ BACKUP_PATHS: 'many:many' });
  expect(all.find(({ name }) => name === 'data')).toMatchObject({ ok: true });
});

test('a Redis that is away, a component that is missing, a database server among the data', async () => {
  const pg = join(sandbox.data, 'storage/pg');
  await mkdir(pg);
  for (const name of ['PG_VERSION', 'postmaster.pid']) await writeFile(join(pg, name), '17');
  const all = await checks({
    BACKUP_REDIS_URL: 'redis://127.0.0.1:1',
    BACKUP_PATHS: 'storage:storage,other:nowhere',
    BACKUP_HEARTBEAT_URL: 'http://127.0.0.1:1/ping',
  });
  expect(wrong(all)).toEqual(['data', 'databases', 'redis']);
  expect(all.find(({ name }) => name === 'databases')).toMatchObject({
    message: expect.stringContaining('data/storage/pg') as string,
    hint: expect.stringContaining('pg_dumpall') as string,
  });
  const { stdout } = await sandbox.run(['now']);
  expect(stdout).toContain('data/storage/pg is the data directory of a PostgreSQL server');
});
