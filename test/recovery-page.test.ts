/** Runs the very commands of docs/recovery.md; those with only Docker have a test among the container scenarios. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeTree, readTree, type Tree } from '@gofr-backup/testing';
import { blocksOf } from './page-blocks.ts';

const ROOT = join(import.meta.dirname, '..');
const BLOCKS = blocksOf('recovery.md');
const DATA: Tree = {
  data: { storage: { 'metadata.json': '{"n":1}', 'chart.png': 'a chart' }, auth: { token: 't' } },
  logs: { 'app.log': 'line\n' },
};
const LATER: Tree = { data: { storage: { 'metadata.json': '{"n":2}', extra: '' } } };

let base: string;
let environment: NodeJS.ProcessEnv;
const backups = () => join(base, 'backups');
const target = () => join(base, 'plot');

/** A place of its own, with the command on its PATH. */
function enter(): void {
  base = mkdtempSync(join(tmpdir(), 'page-'));
  mkdirSync(join(base, 'bin'));
  const command = join(ROOT, 'apps/cli/bin/gofr-backup.mjs');
  writeFileSync(join(base, 'bin/gofr-backup'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`, {
    mode: 0o755,
  });
  const clean = Object.entries(process.env).filter(([name]) => !/BACKUP|GOFR|REDIS/.test(name));
  environment = {
    ...Object.fromEntries(clean),
    PATH: `${join(base, 'bin')}:${process.env['PATH']}`,
    NO_COLOR: '1',
  };
}

let made: string;
beforeAll(async () => {
  enter();
  made = base;
  await makeTree(target(), DATA);
  const settings = `export BACKUP_DIR='${backups()}' BACKUP_DATA_DIR='${target()}/data' BACKUP_LOGS_DIR='${target()}/logs'`;
  // no settings of the schedule matter here: one backup by an ordinary archive is what a dead server leaves behind
  mkdirSync(join(backups(), 'daily'), { recursive: true });
  const name = 'gofr-plot_daily_20251213_020000.tar.gz';
  shell(`tar -C '${target()}' -czf '${backups()}/daily/${name}' data logs
    cd '${backups()}/daily' && sha256sum ${name} > ${name}.sha256
    ${settings}; gofr-backup rebuild`);
  utimesSync(join(backups(), 'daily', name), 1_765_591_200, 1_765_591_200);
});
beforeEach(() => {
  enter();
  cpSync(join(made, 'backups'), backups(), { recursive: true, preserveTimestamps: true });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));
afterAll(() => rmSync(made, { recursive: true, force: true }));

function shell(script: string): string {
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The commands of one section as they stand on the page; only the two places are this test's. */
function follow(heading: string, blocks = BLOCKS.get(heading)!): string {
  const variables = `BACKUPS='${backups()}'\nTARGET='${target()}'`;
  return shell(
    [variables, ...blocks].join('\n').replaceAll('/tmp/metadata.json', join(base, 'metadata.json')),
  );
}

async function expectRestored(where = target()): Promise<void> {
  const tree = await readTree(where, { without: ['mtimeNs', 'uid', 'gid', 'mode'] });
  expect(
    Object.fromEntries(Object.entries(tree).map(([path, { content }]) => [path, content ?? '/'])),
  ).toEqual({
    data: '/',
    'data/auth': '/',
    'data/auth/token': 't',
    'data/storage': '/',
    'data/storage/chart.png': 'a chart',
    'data/storage/metadata.json': '{"n":1}',
    logs: '/',
    'logs/app.log': 'line\n',
  });
}

test('the page sets two variables, and every section is tried', () => {
  expect([...BLOCKS.keys()]).toEqual([
    '# Recovery',
    'With gofr-backup',
    'With only Docker',
    'With only tar and sha256sum',
    'One file',
    'On another host',
    'The manifest is lost or damaged',
    'Redis is lost',
    'A restore was interrupted',
  ]);
  expect(BLOCKS.get('# Recovery')![0]).toMatch(/^BACKUPS=\S+ .*\nTARGET=\S+ /);
});

describe('the page’s commands', () => {
  test('with this tool, where nothing is left', async () => {
    const [restore, undo] = BLOCKS.get('With gofr-backup')!;
    expect(follow('', [restore!])).toContain('gofr-plot_daily_20251213_020000.tar.gz');
    await expectRestored();
    // a restore over later data, and its undoing by the safety backup it made
    rmSync(join(target(), 'data/storage'), { recursive: true });
    await makeTree(target(), LATER);
    follow('', [restore!]);
    await expectRestored();
    follow('', [undo!]);
    expect(existsSync(join(target(), 'data/storage/extra'))).toBe(true);
  });

  test('with only tar and sha256sum', async () => {
    await makeTree(target(), LATER);
    expect(follow('With only tar and sha256sum')).toContain(': OK');
    await expectRestored();
    expect(existsSync(`${target()}.before/data/storage/extra`)).toBe(true);
  });

  test('for one file', async () => {
    await makeTree(target(), LATER);
    const [withTool, withTar] = BLOCKS.get('One file')!;
    follow('', [withTar!]);
    expect(readFileSync(join(base, 'metadata.json'), 'utf8')).toBe('{"n":1}');
    rmSync(join(base, 'metadata.json'));
    expect(follow('', [withTool!])).toContain('data/storage/chart.png');
    expect(readFileSync(join(base, 'metadata.json'), 'utf8')).toBe('{"n":1}');
    expect(readFileSync(join(target(), 'data/storage/metadata.json'), 'utf8')).toBe('{"n":1}');
    expect(existsSync(join(target(), 'data/storage/extra'))).toBe(true);
  });

  test('on another host, without a manifest', async () => {
    rmSync(join(backups(), 'manifest.json'), { force: true });
    expect(follow('On another host')).toContain(': OK');
    await expectRestored();
    await expectRestored(`${target()}.copy`);
  });

  test('when the manifest is damaged', () => {
    writeFileSync(join(backups(), 'manifest.json'), '{"version": 1, "backups": {');
    expect(follow('The manifest is lost or damaged')).toContain('Total Backups: 1');
    expect(JSON.parse(readFileSync(join(backups(), 'manifest.json'), 'utf8'))).toHaveProperty('backups');
  });

  test('when Redis is lost', async () => {
    environment['BACKUP_REDIS_URL'] = 'redis://127.0.0.1:1';
    expect(follow('Redis is lost')).toContain('DAILY BACKUPS (1)');
    await expectRestored();
  });

  test('when a restore was interrupted', async () => {
    await makeTree(target(), LATER);
    const workDir = join(target(), 'data/.gofr-restore-0123456789abcdef');
    await makeTree(workDir, { new: {}, old: { 0: { 'metadata.json': '{"n":0}' } } });
    const [place, aside, staged] = [
      join(target(), 'data/storage'),
      `${workDir}/old/0`,
      `${workDir}/new/storage`,
    ];
    const journal = {
      version: 1,
      id: '0123456789abcdef',
      project: 'plot',
      state: 'swapping',
      workDirs: [workDir],
      places: [place],
      moves: [{ place, aside, staged }],
      attributes: [],
    };
    writeFileSync(join(workDir, 'journal.json'), JSON.stringify(journal));
    follow('A restore was interrupted');
    expect(readFileSync(join(target(), 'data/storage/metadata.json'), 'utf8')).toBe('{"n":0}');
    expect(existsSync(workDir)).toBe(false);
  });
});
