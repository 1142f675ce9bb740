/** The three scripts, against a stand-in for docker that writes down how it was called and runs the command here. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { follow, MAIN, ROOT, Sandbox, type Ran } from './command-line.ts';

let sandbox: Sandbox;
let calls: string;
const bin = (generation: string) => join(sandbox.path, generation);

beforeAll(async () => {
  sandbox = await Sandbox.create();
  calls = join(sandbox.path, 'calls');
  await install(
    'v2',
    'docker',
    `if [ "$1" != compose ]; then exit 125; fi; if [ "$2" = version ]; then exit 0; fi; shift\n`,
  );
  await install('v1', 'docker', 'exit 1\n');
  await install('v1', 'docker-compose', '');
});
afterAll(() => sandbox[Symbol.asyncDispose]());

/** Knows `exec [-T] backup gofr-backup …` and `run --rm [-T] restore …`, as the compose file has them. */
async function install(generation: string, name: string, first: string): Promise<void> {
  await mkdir(bin(generation), { recursive: true });
  const text = `#!/bin/sh
${first}printf '%s\\n' "$*" >> '${calls}'
while [ $# -gt 0 ]; do
  case "$1" in
    gofr-backup) shift; exec '${process.execPath}' '${MAIN}' "$@" ;;
    restore) shift; exec '${process.execPath}' '${MAIN}' restore --here "$@" ;;
    *) shift ;;
  esac
done
exit 125
`;
  await writeFile(join(bin(generation), name), text);
  await chmod(join(bin(generation), name), 0o755);
}

async function script(
  name: string,
  args: string[],
  options: { generation?: string; env?: Record<string, string> } = {},
) {
  await writeFile(calls, '');
  const PATH = `${bin(options.generation ?? 'v2')}:/usr/bin:/bin`;
  const { child, ended } = follow(
    join(ROOT, 'scripts', name),
    args,
    { ...sandbox.env, PATH, ...options.env },
    '/',
  );
  child.stdin.end();
  const ran: Ran = await ended;
  return { ...ran, calls: await readFile(calls, 'utf8') };
}

const FILE = `-f ${ROOT}scripts/../docker/docker-compose.yml`;

test('back up, list and restore through docker compose', async () => {
  const now = await script('backup_now.sh', ['weekly', '--json']);
  expect(now.code, now.stderr).toBe(0);
  expect(now.calls).toBe(`${FILE} exec -T backup gofr-backup now weekly --json\n`);
  const { filename } = (JSON.parse(now.stdout) as { backup: { filename: string } }).backup;

  const list = await script('list_backups.sh', []);
  expect(list.calls).toBe(`${FILE} exec -T backup gofr-backup list\n`);
  expect(list.stdout).toContain(`WEEKLY BACKUPS (1):\n${'-'.repeat(80)}\n  ${filename}\n`);

  await writeFile(join(sandbox.data, 'auth/tokens.json'), 'broken');
  const restore = await script('restore_backup.sh', ['--latest', '--yes']);
  expect(restore.code, restore.stderr).toBe(0);
  expect(restore.calls).toBe(`${FILE} run --rm -T restore --latest --yes\n`);
  expect(await readFile(join(sandbox.data, 'auth/tokens.json'), 'utf8')).toBe('{"t":"secret"}');
});

test('docker-compose 1.29 is taken where the plugin is missing', async () => {
  const list = await script('list_backups.sh', ['--tier', 'daily'], { generation: 'v1' });
  expect(list.code, list.stderr).toBe(0);
  expect(list.calls).toBe(`${FILE} exec -T backup gofr-backup list --tier daily\n`);
});

test('neither of them: three lines', async () => {
  await mkdir(bin('none'), { recursive: true });
  for (const tool of ['sh', 'dirname', 'basename']) {
    const found = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    await symlink(found, join(bin('none'), tool));
  }
  const ran = await script('list_backups.sh', [], { env: { PATH: bin('none') } });
  expect(ran.code).toBe(69);
  expect(ran.stderr.trim().split('\n')).toHaveLength(3);
});

test('COMPOSE_FILE is honoured, and arguments arrive as they were', async () => {
  const ran = await script('restore_backup.sh', ['--only', 'storage,auth', 'a name with spaces.tar.gz'], {
    env: { COMPOSE_FILE: '/elsewhere/compose.yml' },
  });
  expect(ran.calls).toBe('run --rm -T restore --only storage,auth a name with spaces.tar.gz\n');
  expect(ran.code).toBe(4);
});

test('exit codes are passed on', async () => {
  expect((await script('backup_now.sh', ['hourly'])).code).toBe(2);
  expect((await script('restore_backup.sh', [])).code).toBe(2);
  expect((await script('restore_backup.sh', ['--latest'])).code).toBe(6);
  expect((await script('restore_backup.sh', ['nope.tar.gz', '--yes'])).code).toBe(4);
  expect((await script('backup_now.sh', [], { env: { GOFR_PLOT_BACKUP_SCHEDULE: 'x' } })).code).toBe(78);
});
