import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { reportFailure, type WalkReport } from '@gofr-backup/archive';
import { archive, inside } from '@gofr-backup/archive/testing';
import { temporaryDirectory } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { isErrno } from '@gofr-backup/model';
import { archiveStep } from './archive-step.ts';
import { makeWorld } from './restoring.fixture.ts';

const told = (errno: string) => {
  const report: WalkReport = { warnings: [], unreadable: [], present: [], devices: new Map() };
  reportFailure(report, { path: 'storage/file', uid: 7 }, errno);
  return [...report.warnings.map(({ code }) => code), ...report.unreadable.map(({ path }) => path)];
};

test('an errno is told as what it is', () => {
  for (const errno of ['ENOENT', 'ENOTDIR']) expect([errno, told(errno)]).toEqual([errno, ['vanished']]);
  for (const errno of ['ELOOP', 'ENXIO', 'EISDIR'])
    expect([errno, told(errno)]).toEqual([errno, ['changed-while-read']]);
  for (const errno of ['EACCES', 'EPERM'])
    expect([errno, told(errno)]).toEqual([errno, ['unreadable', 'storage/file']]);
  for (const errno of ['EIO', 'ESTALE', 'EINVAL', 'EMFILE', 'ENAMETOOLONG'])
    expect([errno, told(errno)]).toEqual([errno, ['read-error', 'storage/file']]);
});

describe('a file that became something else between walk and read is a warning, and no more', () => {
  const become: Record<string, (path: string) => Promise<AsyncDisposable | undefined> | undefined> = {
    'a link': (path) => void symlinkSync('/etc/hostname', path),
    'a FIFO': (path) => void execFileSync('mkfifo', [path]),
    'a directory': (path) => void mkdirSync(path),
    'a socket': async (path) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(path, resolve));
      return server;
    },
  };
  test.each(Object.keys(become))('%s', async (kind) => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    mkdirSync(at('source'));
    writeFileSync(at('source/a'), 'content');
    writeFileSync(at('source/c'), Buffer.alloc(1_900_000, 'a frame of its own\n'));
    const ready = kind === 'a socket' ? await become[kind]!(at('socket')) : undefined;
    await using _kept = ready;
    let asked = 0;
    // asked first when the walk begins, then for every frame found
    const monotonic = (): number => {
      if (++asked === 2) {
        rmSync(at('source/a'));
        if (ready) execFileSync('mv', [at('socket'), at('source/a')]);
        else void become[kind]!(at('source/a'));
      }
      return performance.now();
    };
    const clock = { now: () => Date.now(), monotonic };
    const result = await archive(at('source'), at('out'), { codec: 'none', clock });
    expect(result.unreadable).toEqual([]);
    expect(result.warnings).toMatchObject([{ code: 'changed-while-read', path: 'storage/a' }]);
    expect(result.files).toBe(1);
  });
});

/** Opens for everybody, and whoever reads it gets EINVAL. */
const UNREADABLE_BY_ALL = '/sys/devices/virtual/net/lo/speed';
function readFails(): boolean {
  try {
    readFileSync(UNREADABLE_BY_ALL);
    return false;
  } catch (error) {
    return isErrno(error, 'EINVAL');
  }
}

test.runIf(readFails())(
  'what the disk does not give is IO by its name, and the same run tries it again',
  async () => {
    const world = makeWorld();
    try {
      const bad = { name: 'bad', root: UNREADABLE_BY_ALL, archivePath: 'bad', select: 'all' as const };
      const good = {
        name: 'good',
        root: join(world.base, 'good'),
        archivePath: 'good',
        select: 'all' as const,
      };
      writeFileSync(good.root, 'x');
      const plan = (...components: (typeof good)[]) => ({
        ...world.ctx,
        plan: { ...world.plan, components },
      });
      const request = { trigger: 'manual', run: 'run-1' } as const;
      await expect(archiveStep(plan(bad, good), request)).rejects.toMatchObject({
        code: 'IO',
        exit: 74,
        retryable: true,
        why: expect.stringMatching(/^bad \(could not be read: EINVAL\)$/),
      });
      expect(await archiveStep(plan(good), request)).toMatchObject({ status: 'unverified', files: 1 });
    } finally {
      await world.dispose();
    }
  },
);
