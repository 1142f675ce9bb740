/** Which attributes a restore sets: by XATTRS, and by whose archive it is. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isMissing } from '@gofr-backup/testing';
import { readXattrs, withoutNative, writeXattr } from '@gofr-backup/posix';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RestoreRequest } from '@gofr-backup/model';
import { backup } from './backup.ts';
import { drill } from './drill.ts';
import { restore } from './restore.ts';
import { contextFor, makeWorld, type World } from './restoring.fixture.ts';
import { verify } from './verify/index.ts';

const asRoot = process.getuid?.() === 0;
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const COMMENT = { 'user.comment': Buffer.from('kept') };
let world: World;
const at = (path: string): string => join(world.base, path);
const FILES = ['data/storage/tool', 'data/storage/plain', 'data/auth/t', 'logs/l'];

beforeEach(() => {
  world = makeWorld({ xattrs: true });
  for (const path of FILES) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), path);
  }
});
afterEach(() => world.dispose());

function withFile<T>(path: string, work: (fd: number) => T): T {
  const fd = openSync(at(path), 'r');
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
const set = (path: string, attributes: Record<string, Buffer>): void =>
  withFile(path, (fd) => {
    for (const [name, value] of Object.entries(attributes)) writeXattr(fd, name, value);
  });
const attributes = (path: string) => withFile(path, (fd) => Object.fromEntries(readXattrs(fd) ?? []));
const mode = (path: string): number => lstatSync(at(path)).mode & 0o7777;
const backUp = async (plan = world.plan) => (await backup(contextFor(plan), { trigger: 'manual' })).backup;
const bring = (request: RestoreRequest, plan = world.plan) =>
  restore(contextFor(plan), { safetyBackup: false, ...request });

describe('XATTRS=false', () => {
  test('keeps a restore, and a drill, from setting what is archived', async () => {
    set('data/storage/plain', COMMENT);
    const { filename } = await backUp();
    const plan = { ...world.plan, xattrs: false };
    expect(await drill(contextFor(plan), { backup: filename })).toMatchObject({ ok: true, problems: [] });
    const outcome = await bring({ backup: filename }, plan);
    expect(outcome).not.toHaveProperty('warnings');
    expect(attributes('data/storage/plain')).toEqual({});
    await bring({ backup: filename });
    expect(attributes('data/storage/plain')).toEqual(COMMENT);
  });

  test('keeps a backup from storing them', async () => {
    set('data/storage/plain', COMMENT);
    const { filename } = await backUp({ ...world.plan, xattrs: false });
    await bring({ backup: filename });
    expect(attributes('data/storage/plain')).toEqual({});
  });
});

test('without koffi a backup and a restore say once what they lack', async () => {
  await withoutNative(async () => {
    const made = await backUp();
    expect(made.warnings).toEqual([
      {
        code: 'native-missing',
        message: expect.stringMatching(/^koffi.*attributes.*Times.*Holes/) as string,
      },
    ]);
    const { warnings } = await bring({ backup: made.filename });
    expect(warnings).toEqual([expect.stringMatching(/^koffi/)]);
    const without = await backUp({ ...world.plan, xattrs: false });
    expect(without.warnings?.[0]?.message).not.toContain('attributes');
  });
  expect((await backUp()).warnings).toEqual([]);
});

/** Under a name that this installation takes for a backup, without a record. */
async function makeForeign(tool: string): Promise<string> {
  const filename = 'gofr-plot_daily_20250101_020000.tar.gz';
  mkdirSync(at('backups/daily'), { recursive: true });
  const attributesToo = tool === 'tar' ? ['--xattrs', '--xattrs-include=*', '--format=posix'] : [];
  execFileSync(tool, [
    ...attributesToo,
    '-czf',
    join(at('backups/daily'), filename),
    '-C',
    world.base,
    'data',
    'logs',
  ]);
  return filename;
}

describe.skipIf(!asRoot)('setuid, setgid and capabilities', () => {
  beforeEach(() => {
    chmodSync(at('data/storage/plain'), 0o6755);
    chmodSync(at('data/storage'), 0o2775);
    set('data/storage/tool', { 'security.capability': CAPABILITY, ...COMMENT });
  });
  const PRIVILEGES = /^3 entries came back without setuid, setgid or capabilities .*--trust-modes$/;

  describe.skipIf(isMissing('bsdtar')).each(['tar', 'bsdtar'])('of an archive by %s', (tool) => {
    test.each([false, true])('come back only with --trust-modes, verified before: %s', async (proven) => {
      const name = await makeForeign(tool);
      if (proven)
        expect(await verify(world.ctx, { names: [name] })).toMatchObject({ results: [{ ok: true }] });
      expect(await drill(world.ctx, { backup: name })).toMatchObject({ ok: true, problems: [] });
      const { warnings } = await bring({ backup: name });
      expect(warnings).toEqual([expect.stringMatching(PRIVILEGES)]);
      expect([mode('data/storage/plain'), mode('data/storage')]).toEqual([0o755, 0o775]);
      expect(attributes('data/storage/tool')).toEqual(COMMENT);
      expect(await bring({ backup: name, trustModes: true })).not.toHaveProperty('warnings');
      expect([mode('data/storage/plain'), mode('data/storage')]).toEqual([0o6755, 0o2775]);
      expect(attributes('data/storage/tool')).toEqual({ 'security.capability': CAPABILITY, ...COMMENT });
    });
  });

  test('of a backup of this installation come back, and of one whose record is lost with the key only so', async () => {
    const { filename } = await backUp();
    expect(await bring({ backup: filename })).not.toHaveProperty('warnings');
    expect(mode('data/storage/plain')).toBe(0o6755);
    rmSync(at('backups/manifest.json'));
    for (const name of readdirSync(at('backups/daily')).filter((one) => one.endsWith('.json'))) {
      const path = join(at('backups/daily'), name);
      const record = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      writeFileSync(path, JSON.stringify({ ...record, signature: undefined }));
    }
    expect((await bring({ backup: filename })).warnings).toEqual([expect.stringMatching(PRIVILEGES)]);
    expect(mode('data/storage/plain')).toBe(0o755);
  });
});

test.skipIf(!asRoot || isMissing('setfattr'))(
  'labels of a host and marks of a mount are left out of any archive',
  async () => {
    set('data/storage/plain', {
      'trusted.overlay.opaque': Buffer.from('y'),
      'trusted.own': Buffer.from('1'),
    });
    const backup = await makeForeign('tar');
    rmSync(at('data/storage/plain'));
    expect(await drill(world.ctx, { backup })).toMatchObject({ ok: true, problems: [] });
    await bring({ backup });
    expect(attributes('data/storage/plain')).toEqual({ 'trusted.own': Buffer.from('1') });
  },
);
