import { mkdtemp, readdir, rm, symlink, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { BackupError, canonicalJson, HOUR, systemClock } from '@gofr-backup/model';
import { tries } from '@gofr-backup/testing';
import { enqueue } from '../enqueue.ts';
import { follow } from '../follow.ts';
import { findJob } from '../history.ts';
import type { Processor, Result } from '../jobs/index.ts';
import { openQueue } from '../queue.ts';
import { made, useQueue } from '../queue.fixture.ts';
import { isBelowAny } from './restore-roots.ts';
import { isSignedBy, sign } from './signature.ts';

const on = useQueue();

const restored: Result<'restore'> = { backup: 'a', target: '/data', files: 1, bytes: 1, safety_backup: null };
const REQUEST = { backup: 'a.tar', to: '/srv/restored', safetyBackup: false };
let carriedOut: { signed: boolean; payload: unknown }[];
const note: Processor<'restore'> = ({ signed, payload }) => {
  carriedOut.push({ signed, payload });
  return Promise.resolve(restored);
};
beforeEach(() => {
  carriedOut = [];
});

/** As somebody who can write to Redis and nothing else. */
async function put(name: string, id: string, data: unknown): Promise<unknown> {
  const job = await on.queue.bull.add(name, data, { jobId: id });
  return follow({ id: job.id ?? '', name: name as 'restore', queue: on.queue, joined: false });
}

const refused = (why: RegExp) => ({ code: 'PERMISSION', message: expect.stringMatching(why) });

describe('a restore', () => {
  test('that is asked for with the key is carried out', async () => {
    on.consume({ restore: note });
    expect(await follow(await enqueue(on.queue, 'restore', REQUEST))).toEqual(restored);
    expect(carriedOut).toEqual([{ signed: true, payload: REQUEST }]);
  });

  test('cannot be asked for without one', async () => {
    const keyless = openQueue(on.queue.project, on.connection);
    await expect(enqueue(keyless, 'restore', REQUEST)).rejects.toMatchObject(refused(/cannot be asked for/));
    await keyless.close();
  });

  test('that was put into Redis by hand is refused, and stays refused when it is tried again', async () => {
    on.consume({ restore: note });
    await expect(put('restore', 'by-hand', REQUEST)).rejects.toMatchObject(
      refused(/not asked for with the key/),
    );
    const job = await on.queue.bull.getJob('by-hand');
    await job?.retry('failed');
    await expect(
      follow({ id: 'by-hand', name: 'restore', queue: on.queue, joined: false }),
    ).rejects.toMatchObject(refused(/not asked for with the key/));
    expect(carriedOut).toEqual([]);
  });

  test('that somebody changed on its way is refused, whatever was changed', async () => {
    on.consume({ restore: note });
    const { id } = await enqueue(on.queue, 'restore', REQUEST);
    await follow({ id, name: 'restore', queue: on.queue, joined: false });
    const data = (await on.queue.bull.getJob(id))?.data as { signature: { issued: number; mac: string } };
    const { signature } = data;
    const changed: Record<string, unknown> = {
      'another directory': { ...data, to: '/etc' },
      'another backup': { ...data, backup: 'b.tar' },
      'one field more': { ...data, merge: true },
      'modes to be trusted': { ...data, trustModes: true },
      'one field less': { backup: 'a.tar', signature },
      'a later time': { ...data, signature: { ...signature, issued: signature.issued + 1 } },
      'no signature': { ...data, signature: undefined },
      'a signature of another form': { ...data, signature: [signature] },
      'a signature of capitals': { ...data, signature: { ...signature, mac: signature.mac.toUpperCase() } },
      'another id': data,
    };
    for (const [what, tampered] of Object.entries(changed)) {
      const asked = put('restore', `changed-${what.replaceAll(' ', '-')}`, tampered);
      await expect(asked, what).rejects.toMatchObject(refused(/not asked for with the key/));
    }
    expect(carriedOut).toHaveLength(1);
  });

  test('is carried out once: put there again with its id and signature it is refused', async () => {
    on.consume({ restore: note });
    const job = await enqueue(on.queue, 'restore', REQUEST);
    await follow(job);
    const taken = await on.queue.bull.getJob(job.id);
    await taken?.remove();
    await expect(put('restore', job.id, taken?.data)).rejects.toMatchObject(refused(/carried out before/));
    // a new worker has not forgotten it
    await on.consume({ restore: note }).stop(400);
    await (await on.queue.bull.getJob(job.id))?.retry('failed');
    await expect(follow(job)).rejects.toMatchObject(refused(/carried out before/));
    expect(carriedOut).toHaveLength(1);
  });

  test('that failed for good is not carried out by a retry', async () => {
    on.consume({ restore: () => Promise.reject(new BackupError('ARCHIVE_DAMAGED', 'damaged')) });
    const job = await enqueue(on.queue, 'restore', REQUEST);
    await expect(follow(job)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    await (await on.queue.bull.getJob(job.id))?.retry('failed');
    await expect(follow(job)).rejects.toMatchObject(refused(/carried out before/));
  });

  test('is tried again after a failure that may pass', async () => {
    let attempts = 0;
    on.consume({
      restore: (run) => (++attempts === 1 ? Promise.reject(new BackupError('IO', 'a hiccup')) : note(run)),
    });
    await follow(await enqueue(on.queue, 'restore', REQUEST, { backoff: 20 }));
    expect([attempts, carriedOut.length]).toEqual([2, 1]);
  });

  test('waits while another operation holds the lock', async () => {
    let attempts = 0;
    on.consume({
      restore: (run) => (++attempts === 1 ? Promise.reject(new BackupError('BUSY', 'busy')) : note(run)),
    });
    await follow(await enqueue(on.queue, 'restore', REQUEST));
    expect([attempts, carriedOut.length]).toEqual([2, 1]);
  });

  test.each([
    ['a day later', 25 * HOUR, /too old/],
    ['by a clock an hour behind', -HOUR, /too new/],
  ])('%s is refused', async (_when, offset, why) => {
    const clock = { ...systemClock, now: () => systemClock.now() + offset };
    on.consume({ restore: note }, undefined, { clock });
    await expect(follow(await enqueue(on.queue, 'restore', REQUEST))).rejects.toMatchObject(refused(why));
    expect(carriedOut).toEqual([]);
  });

  test('is refused by a worker whose key cannot be trusted; what needs no key goes on', async () => {
    const key = () => Promise.reject(new BackupError('PERMISSION', 'The key cannot be trusted'));
    on.consume({ restore: note, backup: () => Promise.resolve(made) }, undefined, { key });
    await expect(follow(await enqueue(on.queue, 'restore', REQUEST))).rejects.toMatchObject(
      refused(/not asked/),
    );
    expect(await follow(await enqueue(on.queue, 'backup', {}))).toEqual(made);
  });
});

describe('of jobs without a signature', () => {
  test('backup, verify, drill and prune by the settings are done; a forced prune is not', async () => {
    const pruned: Result<'prune'> = { dry_run: false, now: 'now', decisions: [] };
    const seen: boolean[] = [];
    const answer =
      <T>(result: T) =>
      ({ signed }: { signed: boolean }) => (seen.push(signed), Promise.resolve(result));
    on.consume({
      backup: answer(made),
      verify: answer({ results: [] }),
      drill: answer({ backup: 'a', ok: true, files: 1, problems: [] }),
      prune: answer(pruned),
    });
    await put('backup', 'one', { trigger: 'schedule' });
    await put('verify', 'two', { which: 'all' });
    await put('drill', 'three', { backup: 'latest' });
    await put('prune', 'four', {});
    await put('prune', 'five', { dryRun: true });
    expect(seen).toEqual([false, false, false, false, false]);
    await expect(put('prune', 'six', { force: true })).rejects.toMatchObject(refused(/not asked for/));
    await follow(await enqueue(on.queue, 'prune', { force: true }));
    expect(seen).toHaveLength(6);
  });

  test('a backup does not go on where somebody says that it stopped', async () => {
    const resumes: unknown[] = [];
    on.consume({ backup: ({ payload }) => (resumes.push(payload.resume), Promise.resolve(made)) });
    await put('backup', 'one', { resume: { step: 'prune', filename: 'a.tar' } });
    expect(resumes).toEqual([undefined]);
  });

  test('a backup goes on where its worker says that it stopped', async () => {
    const resumes: unknown[] = [];
    const resume = { step: 'prune' as const, filename: 'a.tar' };
    on.consume({
      async backup({ payload, save }) {
        resumes.push(payload.resume);
        if (payload.resume) return made;
        await save({ ...payload, resume });
        throw new BackupError('IO', 'a hiccup');
      },
    });
    const { id = '' } = await on.queue.bull.add('backup', {}, { attempts: 2 });
    await follow({ id, name: 'backup', queue: on.queue, joined: false });
    expect(resumes).toEqual([undefined, resume]);
    expect((await findJob(on.queue, id))?.payload).not.toHaveProperty('signature');
  });
});

describe('the signature', () => {
  const key = Buffer.alloc(32, 1);
  const json = fc.jsonValue() as fc.Arbitrary<unknown>;
  const request = fc.record({
    project: fc.string(),
    name: fc.string(),
    id: fc.string(),
    payload: fc.dictionary(fc.string(), json) as fc.Arbitrary<object>,
  });

  test('is that of the value, however it travelled through JSON', () => {
    fc.assert(
      fc.property(request, fc.nat(), (one, issued) => {
        const signature = sign(key, one, issued);
        const shuffled = Object.fromEntries(Object.entries(one.payload).toReversed());
        const travelled = JSON.parse(JSON.stringify(shuffled)) as object;
        expect(isSignedBy(key, { ...one, payload: travelled }, signature)).toBe(true);
      }),
      { numRuns: tries(300, 3000) },
    );
  });

  test('differs for any two requests that differ, and for any two keys', () => {
    fc.assert(
      fc.property(request, request, fc.nat(), (one, other, issued) => {
        fc.pre(canonicalJson(one) !== canonicalJson(other));
        const signature = sign(key, one, issued);
        expect(isSignedBy(key, other, signature)).toBe(false);
        expect(isSignedBy(Buffer.alloc(32, 2), one, signature)).toBe(false);
        expect(isSignedBy(key, one, { ...signature, issued: issued + 1 })).toBe(false);
      }),
      { numRuns: tries(300, 3000) },
    );
  });

  test('canonical JSON keeps a key called __proto__', () => {
    const odd = JSON.parse('{"b":1,"__proto__":{"y":2,"x":1},"a":[{"d":1,"c":2}]}') as unknown;
    expect(canonicalJson(odd)).toBe('{"__proto__":{"x":1,"y":2},"a":[{"c":2,"d":1}],"b":1}');
  });
});

test('a directory counts as below a root by where it really lies', async () => {
  const root = await mkdtemp(join(tmpdir(), 'gofr-roots-'));
  await mkdir(join(root, 'allowed'));
  await mkdir(join(root, 'other'));
  await symlink(join(root, 'other'), join(root, 'allowed', 'out'));
  await symlink(join(root, 'allowed'), join(root, 'in'));
  const allowed = [join(root, 'allowed')];
  const verdicts = {
    allowed: true,
    'allowed/new/deep': true,
    'in/new': true,
    'allowed/../allowed/x': true,
    'allowed/out': false,
    'allowed/out/new': false,
    'allowed/../other': false,
    allowedx: false,
    other: false,
  };
  for (const [place, expected] of Object.entries(verdicts))
    expect(await isBelowAny(`${root}/${place}`, allowed), place).toBe(expected);
  expect(await isBelowAny('relative', ['/'])).toBe(false);
  expect(await isBelowAny('/anything', ['/'])).toBe(true);
  expect(await isBelowAny('/anything', [])).toBe(false);
  expect(await readdir(root)).toHaveLength(3);
  await rm(root, { recursive: true });
});
