/** The questions of a bad night: where a file is, when it was good, what changed; and a folder or an earlier state brought back. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAIN, Sandbox } from './command-line.ts';

interface Entry {
  filename: string;
  created_at: string;
}
/** Node sets times only to the microsecond. */
const EXACT = { without: ['mtimeNs'] } as const;

let sandbox: Sandbox;
let first: Entry;
let second: Entry;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  first = (await sandbox.json<{ backup: Entry }>(['now'])).backup;
  await writeFile(join(sandbox.data, 'storage/chart.png'), 'another');
  await rm(join(sandbox.data, 'storage/deep'), { recursive: true });
  await writeFile(join(sandbox.data, 'storage/added.txt'), 'new');
  second = (await sandbox.json<{ backup: Entry }>(['now'])).backup;
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('find names every backup that holds a file, and its versions', async () => {
  const { matches } = await sandbox.json<{ matches: object[] }>(['find', 'chart.*']);
  expect(matches).toMatchObject([
    { filename: second.filename, path: 'data/storage/chart.png', size: 7 },
    { filename: first.filename, path: 'data/storage/chart.png', size: 60_000 },
  ]);
  const { stdout } = await sandbox.run(['find', '*.svg']);
  expect(stdout).toMatch(
    new RegExp(
      `^data/storage/deep/näme with space.svg\n {4}\\d.*6 B {2}[0-9a-f]{12}\n {8}in ${first.filename}\n`,
    ),
  );
  expect(stdout).toMatch(/1 name in 2 backups\n$/);
});

test('history tells the versions of a file, also by its place on the disk', async () => {
  const place = join(sandbox.data, 'storage/chart.png');
  const document = await sandbox.json<{ path: string; versions: object[] }>(['history', place]);
  expect(document).toMatchObject({
    path: 'data/storage/chart.png',
    versions: [
      { size: 7, first: second.filename, last: second.filename, sha256: expect.any(String) as string },
      { size: 60_000, first: first.filename, last: first.filename },
    ],
  });
  const { stdout } = await sandbox.run(['history', 'data/storage/deep/näme with space.svg']);
  expect(stdout).toContain('It is not in the newest backup.');
  expect(stdout).toContain(
    `gofr-backup restore ${first.filename} --path 'data/storage/deep/näme with space.svg'`,
  );
});

test('diff tells what was added, removed and changed', async () => {
  const document = await sandbox.json<Record<string, { path: string }[]>>(['diff', first.filename, 'latest']);
  const paths = (kind: string) => document[kind]!.map(({ path }) => path);
  expect(document).toMatchObject({ from: first.filename, to: second.filename });
  expect(paths('added')).toEqual(['data/storage/added.txt']);
  expect(paths('removed')).toEqual(['data/storage/deep', 'data/storage/deep/näme with space.svg']);
  expect(paths('changed')).toContain('data/storage/chart.png');
  const { stdout } = await sandbox.run(['diff', first.filename, second.filename]);
  expect(stdout).toContain('\n- data/storage/deep/\n- data/storage/deep/näme with space.svg\n');
  expect(stdout).toMatch(/M data\/storage\/chart\.png {2}\(content, time\)\n/);
  expect(stdout).toMatch(/1 entry added, 2 removed, \d changed\n$/);
  const same = await sandbox.run(['diff', 'latest', 'latest']);
  expect([same.code, same.stdout]).toEqual([0, `${second.filename} and ${second.filename} hold the same\n`]);
});

test('what is nowhere ends with 4 and says so', async () => {
  const asked = [
    ['find', '*.nope'],
    ['history', 'data/nope'],
    ['diff', first.filename, 'nope.tar.gz'],
    ['files', first.filename, 'data/nope'],
    ['export', first.filename, 'data/nope'],
  ];
  for (const args of asked) {
    const { code, stdout, stderr } = await sandbox.run(args);
    expect([code, stdout], args.join(' ')).toEqual([4, '']);
    expect(stderr).toMatch(/^gofr-backup: .*\n {2}why: .*\n {2}to do: .*\n$/);
  }
  const { code, stdout } = await sandbox.run(['find', '*.nope', '--json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([4, { error: { code: 'NO_SUCH_BACKUP' } }]);
});

test('export writes a folder that tar extracts', async () => {
  const into = join(sandbox.path, 'exported');
  await mkdir(into);
  const { env, path: cwd } = sandbox;
  const script = `"$NODE" "$MAIN" export "$NAME" data/storage/deep | tar -xf - -C "$INTO"`;
  execFileSync('bash', ['-o', 'pipefail', '-c', script], {
    cwd,
    env: { ...env, NODE: process.execPath, MAIN, NAME: first.filename, INTO: into },
  });
  expect(Object.keys(await readTree(into))).toEqual([
    'data',
    'data/storage',
    'data/storage/deep',
    'data/storage/deep/näme with space.svg',
  ]);
  expect(await readFile(join(into, 'data/storage/deep/näme with space.svg'), 'utf8')).toBe('<svg/>');
  expect((await sandbox.run(['export', first.filename, '--json'])).code).toBe(2);
});

test('restore --before takes the newest good one before a time, and its last line undoes it', async () => {
  const before = await readTree(sandbox.data, EXACT);
  const second_ = new Date(Date.parse(second.created_at)).toISOString();
  const { code, stdout, stderr } = await sandbox.run(['restore', '--before', second_, '--yes']);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(first.filename);
  expect(await readFile(join(sandbox.data, 'storage/deep/näme with space.svg'), 'utf8')).toBe('<svg/>');

  const last = stdout.trimEnd().split('\n').at(-1)!;
  const [, command] = /^To undo it: gofr-backup (.*)$/.exec(last) ?? [];
  expect(command, last).toBeDefined();
  const undone = await sandbox.run([...command!.split(' '), '--yes']);
  expect(undone.code, undone.stderr).toBe(0);
  expect(await readTree(sandbox.data, EXACT)).toEqual(before);

  const early = await sandbox.run(['restore', '--before', '2001-01-01', '--yes']);
  expect([early.code, early.stderr]).toEqual([
    4,
    expect.stringContaining('before 2001-01-01 00:00:00') as string,
  ]);
  expect((await sandbox.run(['restore', '--before', 'noon', '--yes'])).code).toBe(2);
});

test('a restore into a new directory is undone by removing it', async () => {
  const to = join(sandbox.path, 'a new one');
  const document = await sandbox.json(['restore', first.filename, '--to', to]);
  expect(document['undo']).toBe(`rm -r -- '${to}'`);
});
