/** The marks of every server's data directory, and where they are looked for. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeClock, makeTree, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { withheldDirectories } from '../../repository/index.ts';
import { backup } from '../backup.ts';
import { scene } from '../testing.ts';
import { liveServers, SERVERS, serverOf } from './live-servers.ts';

const among = (root: string, withheld: Parameters<typeof liveServers>[1] = []) =>
  liveServers([{ name: 'storage', root, archivePath: 'data/storage', select: 'all' }], withheld);

test.each(SERVERS.map((server) => [server.marks.join(' '), server] as const))('%s', (_, server) => {
  const names = server.marks.map((mark) => mark.replace('*', '000001'));
  expect(serverOf([...names, 'other'])?.name).toBe(server.name);
  for (const missing of names) {
    const others = names.filter((name) => name !== missing);
    expect(serverOf([...others, 'other'])?.name).not.toBe(server.name);
  }
});

test.each([
  ['a PostgreSQL that was shut down', ['PG_VERSION', 'base', 'global']],
  ['a Redis snapshot', ['dump.rdb']],
  ['a SQLite database', ['app.db', 'app.db-wal', 'app.db-shm']],
  ['ordinary files', ['CURRENT', 'index.html', 'wal']],
])('%s is none', (_, names) => {
  expect(serverOf(names)).toBeUndefined();
});

test('they are found below a component, not behind links, not in the backup directory, not too deep', async () => {
  await using place = await temporaryDirectory();
  const at = (name: string) => join(place.path, name);
  const postgres = { PG_VERSION: '17', 'postmaster.pid': '1' };
  await makeTree(place.path, {
    storage: { pg: postgres, backups: { mysql: { ibdata1: 'x' } }, a: { b: { c: { d: { e: postgres } } } } },
    elsewhere: { redis: { appendonlydir: { 'appendonly.aof.manifest': 'x' } } },
  });
  await symlink(at('elsewhere'), at('storage/link'));
  const found = among(at('storage'), withheldDirectories(at('storage/backups')));
  expect(found.map(({ server, path }) => [server.name, path])).toEqual([['PostgreSQL', 'data/storage/pg']]);
  expect(among(at('storage/pg')).map(({ path }) => path)).toEqual(['data/storage']);
  expect(among(at('nowhere'))).toEqual([]);
});

test('a backup of such data warns, by its place and with what to do instead', async () => {
  await using on = await scene(fakeClock());
  await makeTree(on.data, {
    storage: { db: { 'WiredTiger.lock': '', 'collection.wt': 'x' } },
    auth: { t: 't' },
  });
  const { backup: made } = await backup(on.ctx, { trigger: 'manual' });
  expect(made.status).toBe('good');
  expect(made.warnings).toEqual([
    {
      code: 'live-server',
      path: 'data/storage/db',
      message: expect.stringMatching(/MongoDB.*mongodump/) as string,
    },
  ]);
});
