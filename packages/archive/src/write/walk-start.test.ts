import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { systemClock } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { loadIndex } from '../index/whole-index.ts';
import { archive, HOURS_LATER, inside, previousOf } from './create.fixture.ts';
import { type FileSystems, systemFileSystems, WalkStart } from './walk-start.ts';

const MINUTE = 60_000;
const later = (ms: number) => ({ ...systemClock, now: () => systemClock.now() + ms });

async function withSource(work: (at: (name: string) => string) => Promise<void>): Promise<void> {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  for (const name of ['source', 'out']) mkdirSync(at(name));
  for (const name of ['a', 'b', 'c']) writeFileSync(at(`source/${name}`), 'copied in one second');
  await work(at);
}

describe('a file server', () => {
  /** This very disk, as if it were a server's: to it the clock of this host is the one that is wrong. */
  const server: FileSystems = { ...systemFileSystems, isLocal: () => false };

  test('whose clock is behind ours, with the archive: what changed a moment ago is read again, once', () =>
    withSource(async (at) => {
      const run = (name: string, previous?: string) =>
        archive(at('source'), at(`out/${name}`), {
          ...{ clock: HOURS_LATER, fileSystems: server, linkUnchanged: true },
          ...(previous === undefined ? {} : { previous: previousOf(at(`out/${previous}`)) }),
        });
      await run('1');
      expect(await run('2', '1')).toMatchObject({ linked: false });
      expect(await run('3', '2')).toMatchObject({ linked: true });
      expect(readdirSync(at('out')).toSorted()).toEqual(['1', '1.idx', '2', '2.idx', '3', '3.idx']);
    }));

  test('that cannot be asked: what changed within five minutes of the walk is read again, once', () =>
    withSource(async (at) => {
      const fileSystems: FileSystems = { ...systemFileSystems, isLocal: (path) => !path.includes('source') };
      const run = (name: string, minutes: number, previous?: string) =>
        archive(at('source'), at(`out/${name}`), {
          ...{ clock: later(minutes * MINUTE), fileSystems, linkUnchanged: true },
          ...(previous === undefined ? {} : { previous: previousOf(at(`out/${previous}`)) }),
        });
      await run('1', 4);
      expect(await run('2', 6, '1')).toMatchObject({ linked: false });
      expect(await run('3', 7, '2')).toMatchObject({ linked: true });
    }));
});

test('a local file system has the clock of this host: nothing is made to ask for it', () =>
  withSource(async (at) => {
    const fileSystems: FileSystems = {
      isLocal: () => true,
      stampAt: () => expect.unreachable('a local file system was asked'),
    };
    const clock = { ...systemClock, now: () => 1_700_000_000_000 };
    await archive(at('source'), at('out/1'), { clock, fileSystems });
    expect((await loadIndex(at('out/1.idx'))).facts.walkStartNs).toBe('1700000000000000000');
  }));

test('of several devices the clock that is most behind counts', () => {
  const { dev } = statSync('/tmp', { bigint: true });
  const options = { archivePath: '/tmp/archive', clock: { ...systemClock, now: () => 10 * MINUTE } };
  const start = (local: string) =>
    new WalkStart({
      ...options,
      fileSystems: { isLocal: (path) => path === local, stampAt: () => 123_000_000_000n },
    });
  const archiveOnly = new Map([[dev, '/tmp/x']]);
  const both = new Map([...archiveOnly, [dev + 1n, '/other']]);
  expect(start('/other').by(archiveOnly)).toBe(123_000_000_000n);
  expect(start('/other').by(both)).toBe(123_000_000_000n);
  expect(start('/tmp').by(both)).toBe(300_000_000_000n);
  expect(start('/tmp').by(new Map())).toBe(600_000_000_000n);
});

test('the system knows where its own clock counts, and leaves nothing of what it makes', async () => {
  await using place = await temporaryDirectory();
  expect(systemFileSystems.isLocal(place.path)).toBe(true);
  for (const path of ['/proc/self', '/nowhere']) expect(systemFileSystems.isLocal(path)).toBe(false);
  const before = BigInt(Date.now() - 1000) * 1_000_000n;
  expect(systemFileSystems.stampAt(`${place.path}/new`)).toBeGreaterThan(before);
  expect(systemFileSystems.stampAt(`${place.path}/no/such`)).toBeUndefined();
  expect(readdirSync(place.path)).toEqual([]);
});
