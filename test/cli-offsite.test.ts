import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

interface Keys {
  recipients: string[];
  identity_file: string;
  recovery: string;
}

/** A sandbox with a directory store and both keys. */
async function withStore(): Promise<{ sandbox: Sandbox; keys: Keys; url: string; recovery: string }> {
  const sandbox = await Sandbox.create();
  const url = `file://${sandbox.path}/nas`;
  const keys = await sandbox.json<Keys & Record<string, unknown>>(['key', 'new', '--out', 'key.txt']);
  sandbox.env['BACKUP_OFFSITE_URL'] = url;
  sandbox.env['BACKUP_OFFSITE_SAME_DEVICE'] = 'true';
  sandbox.env['BACKUP_OFFSITE_RECIPIENTS'] = keys.recipients.join(',');
  const recovery = join(sandbox.path, 'recovery.txt');
  writeFileSync(recovery, `${keys.recovery}\n`);
  return { sandbox, keys, url, recovery };
}

/** A host with nothing but the program. */
const bare = (sandbox: Sandbox): Record<string, string> => ({
  ...Object.fromEntries(Object.keys(sandbox.env).map((name) => [name, ''])),
  PATH: sandbox.env['PATH']!,
  TMPDIR: sandbox.env['TMPDIR']!,
});

test('a backup goes to the store by itself, and comes back on a host that has nothing but the key', async () => {
  const { sandbox, url, recovery } = await withStore();
  await using _ = sandbox;
  const made = await sandbox.run(['now']);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ offsite: ') as string });
  const { copies } = await sandbox.json<{ copies: object[] }>(['copy']);
  expect(copies).toEqual([]);
  const listed = await sandbox.run(['list', '--store', 'offsite']);
  expect(listed.stdout).toBe((await sandbox.run(['list'])).stdout);

  const data = readFileSync(join(sandbox.data, 'storage/chart.png'));
  for (const path of [sandbox.data, sandbox.backups]) rmSync(path, { recursive: true });
  const to = join(sandbox.path, 'restored');
  const restore = ['restore', '--store', url, '--identity', recovery, '--latest', '--to', to];
  expect(await sandbox.run(restore, bare(sandbox))).toMatchObject({ code: 0 });
  expect(readFileSync(join(to, 'data/storage/chart.png')).equals(data)).toBe(true);
  expect(readdirSync(sandbox.path).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(readdirSync(sandbox.env['TMPDIR']!)).toEqual([]);
});

test('a backup and its copies in two stores are jobs of one private service', async () => {
  const { sandbox } = await withStore();
  await using _ = sandbox;
  const programs = join(sandbox.path, 'programs');
  const started = join(sandbox.path, 'started');
  mkdirSync(programs);
  const real = execFileSync('sh', ['-c', 'command -v redis-server']).toString().trim();
  const script = `#!/bin/sh\necho started >>'${started}'\nexec '${real}' "$@"\n`;
  writeFileSync(join(programs, 'redis-server'), script, { mode: 0o755 });
  const { BACKUP_OFFSITE_URL: first, ...env } = sandbox.env;
  const ran = await sandbox.run(['now'], {
    ...env,
    PATH: `${programs}:${sandbox.env['PATH']}`,
    BACKUP_OFFSITE_URL: '',
    BACKUP_OFFSITES: 'one,two',
    BACKUP_OFFSITE_ONE_URL: first!,
    BACKUP_OFFSITE_TWO_URL: `${first}-two`,
  });
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/✓ one: [^]*✓ two: /) as string });
  expect(readFileSync(started, 'utf8')).toBe('started\n');
});

test('one copy is looked into, read, verified, drilled and brought back', async () => {
  const { sandbox, keys, recovery } = await withStore();
  await using _ = sandbox;
  await sandbox.run(['now']);
  const of = ['--store', 'offsite', '--identity', keys.identity_file];
  const { files } = await sandbox.json<{ files: { path: string }[] }>(['files', 'latest', ...of]);
  const { files: here } = await sandbox.json<{ files: object[] }>(['files', 'latest']);
  expect(files).toEqual(here);
  const content = await sandbox.run(['cat', 'latest', 'data/storage/metadata.json', ...of]);
  expect(content).toMatchObject({ code: 0, stdout: '{"charts":1}' });
  expect(await sandbox.json(['verify', ...of])).toMatchObject({ results: [{ ok: true, problems: [] }] });
  expect(await sandbox.json(['drill', ...of])).toMatchObject({ ok: true, problems: [] });
  expect(await sandbox.json(['key', 'check', '--identity', recovery])).toMatchObject({ expected: true });

  const before = await sandbox.json<{ backups: { filename: string; sha256: string }[] }>(['list']);
  rmSync(join(sandbox.backups, 'daily'), { recursive: true });
  await sandbox.json(['copy', '--back', '--identity', keys.identity_file]);
  const after = await sandbox.json<{ backups: { filename: string; sha256: string }[] }>(['list']);
  expect(after.backups.map(({ filename, sha256 }) => [filename, sha256])).toEqual(
    before.backups.map(({ filename, sha256 }) => [filename, sha256]),
  );
  execFileSync('sh', ['-c', 'sha256sum -c *.sha256'], { cwd: join(sandbox.backups, 'daily') });
});

test('find, history, diff and export say of a store what they say here', async () => {
  const { sandbox, url, recovery } = await withStore();
  await using _ = sandbox;
  await sandbox.run(['now']);
  writeFileSync(join(sandbox.data, 'storage/chart.png'), 'another');
  linkSync(join(sandbox.data, 'storage/chart.png'), join(sandbox.data, 'storage/same.png'));
  await sandbox.run(['now']);
  const { backups } = await sandbox.json<{ backups: { filename: string }[] }>(['list']);
  const [newer = '', older = ''] = backups.map(({ filename }) => filename);
  const asked = [
    ['find', '*.png', '--json'],
    ['history', 'data/storage/chart.png'],
    ['diff', older, newer, '--json'],
    ['export', 'latest', join(sandbox.data, 'storage/same.png')],
  ];
  const here = await Promise.all(asked.map((args) => sandbox.run(args)));

  rmSync(sandbox.backups, { recursive: true });
  const of = ['--store', url, '--identity', recovery];
  const there = await Promise.all(asked.map((args) => sandbox.run([...args, ...of])));
  const given = ` --store ${url} --identity ${recovery}`;
  expect(there.map(({ stdout }) => stdout.replace(given, ''))).toEqual(here.map(({ stdout }) => stdout));
  expect(there[1]!.stdout).toContain(`--path data/storage/chart.png${given}`);
  expect([...here, ...there].map(({ code }) => code)).toEqual(Array(8).fill(0));
  expect(readdirSync(sandbox.env['TMPDIR']!)).toEqual([]);
});

test('a restore in place from the store leaves a safety backup here', async () => {
  const { sandbox, keys } = await withStore();
  await using _ = sandbox;
  await sandbox.run(['now']);
  writeFileSync(join(sandbox.data, 'storage/chart.png'), 'overwritten');
  rmSync(join(sandbox.backups, 'daily'), { recursive: true });
  const of = ['--store', 'offsite', '--identity', keys.identity_file];
  const restored = await sandbox.json<{ safety_backup: string }>(['restore', '--latest', '--yes', ...of]);
  expect(readFileSync(join(sandbox.data, 'storage/chart.png'), 'utf8')).toBe('PNG'.repeat(20_000));
  expect(existsSync(join(sandbox.backups, 'daily', restored.safety_backup))).toBe(true);
});

test('a flipped byte of a pack is found, and nothing comes of it', async () => {
  const { sandbox, keys, url } = await withStore();
  await using _ = sandbox;
  await sandbox.run(['now']);
  const packs = join(sandbox.path, 'nas/plot/packs');
  const [pack = ''] = readdirSync(packs, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.pack'),
  );
  const bytes = readFileSync(join(packs, pack));
  bytes[bytes.length - 40]! ^= 1;
  rmSync(join(packs, pack));
  writeFileSync(join(packs, pack), bytes);
  const of = ['--store', url, '--identity', keys.identity_file];
  expect(await sandbox.run(['verify', ...of])).toMatchObject({ code: 3, stdout: /✗/ });
  const to = join(sandbox.path, 'restored');
  expect(await sandbox.run(['restore', '--latest', '--to', to, ...of])).toMatchObject({ code: 3 });
  expect(existsSync(to)).toBe(false);
});

test.each([
  ['copy', ['copy'], {}, 78, 'There is no store'],
  ['a name that is none', ['list', '--store', 'nas'], {}, 78, 'There is no store nas'],
  ['keys that are missing', ['copy'], { BACKUP_OFFSITE_URL: 'file:///nowhere/x' }, 78, 'key new'],
  ['two choices', ['copy', 'a', '--all'], {}, 2, 'exclude each other'],
  ['no key to check', ['key', 'check'], {}, 2, '--identity'],
])('told: %s', async (_name, args, env, code, words) => {
  await using sandbox = await Sandbox.create();
  await sandbox.run(['now', '--json']);
  const ran = await sandbox.run(args, env);
  expect(ran.stderr).toContain(words);
  expect(ran.code).toBe(code);
});

test('a store that is not there is told within seconds, with what to do', async () => {
  await using sandbox = await Sandbox.create();
  const url = 'rest+http://127.0.0.1:9/plot';
  const ran = await sandbox.run(['list', '--store', url]);
  expect(ran.code).toBe(74);
  expect(ran.stderr).toMatch(/127\.0\.0\.1/);
});

test('a directory on the disk of the backups is no second place', async () => {
  const { sandbox } = await withStore();
  await using _ = sandbox;
  await sandbox.run(['now'], { BACKUP_OFFSITE_URL: '' });
  const ran = await sandbox.run(['copy'], { BACKUP_OFFSITE_SAME_DEVICE: '' });
  expect(ran).toMatchObject({ code: 78, stderr: expect.stringContaining('no second place') as string });
});

test('a key is never written over', async () => {
  await using sandbox = await Sandbox.create();
  await sandbox.json(['key', 'new', '--out', 'key.txt']);
  const key = readFileSync(join(sandbox.path, 'key.txt'), 'utf8');
  expect(await sandbox.run(['key', 'new', '--out', 'key.txt'])).toMatchObject({ code: 6 });
  expect(readFileSync(join(sandbox.path, 'key.txt'), 'utf8')).toBe(key);
});

test('a store that cannot be reached leaves the backup good, and the command says so', async () => {
  await using sandbox = await Sandbox.create();
  const env = {
    BACKUP_OFFSITE_URL: 'rest+http://127.0.0.1:9/plot',
    BACKUP_OFFSITE_ENCRYPTION: 'none',
  };
  const ran = await sandbox.run(['now', '--json'], env);
  expect(JSON.parse(ran.stdout)).toMatchObject({ backup: { status: 'good' } });
  expect(ran.stderr).toContain('was not copied');
  expect(ran.code).toBe(74);
});
