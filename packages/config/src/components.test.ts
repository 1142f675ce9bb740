import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conflicts } from './components.ts';
import { loadSettings } from './load.ts';
import { planFrom } from './plan.ts';

const placed = (variables: Record<string, string>) =>
  planFrom(loadSettings(variables)).components.map(({ name, root, archivePath, select }) =>
    [name, root, archivePath, select].join(' '),
  );

test('the four components, each on its own', () => {
  expect(placed({})).toEqual([
    'storage /data/storage data/storage all',
    'auth /data/auth data/auth all',
    'logs /logs logs all',
  ]);
  expect(placed({ BACKUP_INCLUDE_METADATA: 'no' })[0]).toBe(
    'storage /data/storage data/storage without-metadata',
  );
  expect(placed({ BACKUP_INCLUDE_STORAGE: 'no' })[0]).toBe(
    'metadata /data/storage data/storage metadata-only',
  );
  expect(
    placed({ BACKUP_INCLUDE_STORAGE: 'no', BACKUP_INCLUDE_METADATA: 'no', BACKUP_INCLUDE_AUTH: 'no' }),
  ).toEqual(['logs /logs logs all']);
});

test("the first generation's PATHS lies in the archive where it always did", () => {
  expect(placed({ BACKUP_PATHS: 'storage:storage,auth:auth,logs:../logs' })).toEqual([
    'storage /data/storage data/storage all',
    'auth /data/auth data/auth all',
    'logs /logs logs all',
  ]);
});

test('a path outside DATA_DIR lies under its name, DATA_DIR itself under data', () => {
  expect(placed({ BACKUP_PATHS: 'etc:/etc/plot', BACKUP_DATA_DIR: '/srv/data' })).toEqual([
    'etc /etc/plot etc all',
  ]);
  expect(placed({ BACKUP_PATHS: 'all:.,conf:../conf', BACKUP_DATA_DIR: '/srv/data' })).toEqual([
    'all /srv/data data all',
    'conf /srv/conf conf all',
  ]);
});

test('components that would hold the same files are refused, whatever way they are written', () => {
  const inner = fc.constantFrom('a', 'a/b', 'a/b/c', 'd', '../x', '../x/y', '/z');
  fc.assert(
    fc.property(inner, inner, (one, other) => {
      const roots = [one, other].map((item) => path.resolve('/data', item));
      const nested = roots[0] === roots[1] || roots.some((root, at) => roots[1 - at]?.startsWith(`${root}/`));
      const paths = { BACKUP_PATHS: `one:${one},two:${other}` };
      if (nested) expect(() => loadSettings(paths)).toThrow(/not valid/);
      else expect(planFrom(loadSettings(paths)).components).toHaveLength(2);
    }),
  );
});

test('two names that meet in the archive, or one that is the backup directory, conflict', () => {
  const at = (name: string, root: string, archivePath: string) => ({
    name,
    root,
    archivePath,
    select: 'all' as const,
  });
  expect(conflicts([at('a', '/x', 'data'), at('b', '/data/y', 'data/y')], '/backups')[0]).toMatch(
    /in the archive/,
  );
  expect(conflicts([at('a', '/backups/daily', 'a')], '/backups')[0]).toMatch(/inside BACKUP_DIR/);
  expect(conflicts([at('a', '/data', 'data'), at('b', '/database', 'database')], '/backups')).toEqual([]);
});
