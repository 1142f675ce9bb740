/**
 * The program, killed by SIGKILL at any request that it makes to a real store while it copies, checks and prunes. Afterwards no
 * copy that retention keeps is gone, all of them come back, and the next command copies what is missing. KILL_SEED repeats a
 * run, KILL_ROUNDS=200 makes it as long as docs/reliability.md tells of.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isMissing,
  OBJECT_SERVER_TOOLS,
  objectServer,
  seedFrom,
  tries,
  writeFigure,
} from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Sandbox } from '../command-line.ts';
import { drawFrom } from '../draw.ts';
import { type Bucket, makeBucket, openBucket } from './bucket.ts';
import { type Requests, requestsTo } from './requests.ts';

const seed = seedFrom('KILL_SEED');
const rounds = Number(process.env['KILL_ROUNDS'] ?? tries(3, 5));
/** A shorter run says nothing. */
const ENOUGH = 100;
const KEPT = 2;
const QUEUE_UNREACHABLE = 69;

interface Scene {
  sandbox: Sandbox;
  requests: Requests;
  bucket: Bucket;
}

test.skipIf(isMissing(...OBJECT_SERVER_TOOLS, 'rclone'))(
  `nothing is lost in ${rounds} kills (seed ${seed})`,
  { timeout: 300_000 + rounds * 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const scene = await makeScene(stack);
    const draw = drawFrom(seed);
    await sound(scene, 'now');
    let usual = scene.requests.count;
    let before = await scene.bucket.whole();
    let kills = 0;
    for (let round = 0; round < rounds; round++) {
      const told = `KILL_SEED=${seed}, round ${round}`;
      if (draw.maybe(0.6)) await scene.bucket.age();
      writeFileSync(join(scene.sandbox.data, 'storage', `${round % 7}.bin`), randomBytes(50_000));
      kills += await killed(scene, { at: draw.below(usual), before: draw.maybe(0.5) });
      expect(await scene.bucket.whole(), told).toEqual(expect.arrayContaining(before.slice(1 - KEPT)));
      await sound(scene, 'copy');
      const made = await scene.sandbox.json<{ backups: { filename: string }[] }>(['list']);
      const after = await scene.bucket.whole();
      expect(after.at(-1), told).toBe(
        made.backups
          .map(({ filename }) => filename)
          .sort()
          .at(-1),
      );
      expect(after.length, told).toBe(Math.min(KEPT, made.backups.length));
      usual = Math.max(usual, scene.requests.count);
      before = after;
    }
    expect(kills).toBeGreaterThan(0);
    if (rounds >= ENOUGH) writeFigure('kills', { rounds, seed, kills, requests_of_a_run: usual });
  },
);

async function makeScene(stack: AsyncDisposableStack): Promise<Scene> {
  const server = stack.use(await objectServer());
  const requests = stack.use(await requestsTo(server.endpoint));
  const sandbox = stack.use(await Sandbox.create());
  const keys = await sandbox.json<{ recipients: string[]; identity_file: string }>([
    'key',
    'new',
    '--out',
    'key.txt',
  ]);
  const { accessKey, secretKey } = server;
  const urlOf = (endpoint: string) => `s3://copies/x?endpoint=${encodeURIComponent(endpoint)}`;
  Object.assign(sandbox.env, {
    BACKUP_OFFSITE_URL: urlOf(`http://127.0.0.1:${requests.port}`),
    BACKUP_OFFSITE_ACCESS_KEY: accessKey,
    BACKUP_OFFSITE_SECRET_KEY: secretKey,
    BACKUP_OFFSITE_RECIPIENTS: keys.recipients.join(','),
    BACKUP_OFFSITE_MAX_COUNT: String(KEPT),
    BACKUP_KEEP_LAST: '1',
  });
  makeBucket('copies', server);
  const where = { identity: join(sandbox.path, keys.identity_file), scratch: sandbox.path };
  return { sandbox, requests, bucket: stack.use(await openBucket(urlOf(server.endpoint), server, where)) };
}

/** Where the machine is so busy that the private Redis does not answer in time, it is asked again, as its users would. */
async function sound(scene: Scene, command: string, tries = 3): Promise<void> {
  scene.requests.at(-1, true, () => {});
  const ran = await scene.sandbox.run([command]);
  if (ran.code === QUEUE_UNREACHABLE && tries > 1) return sound(scene, command, tries - 1);
  if (ran.code !== 0) throw new Error(`${command} ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`);
}

/** 1, or 0 where it was done sooner. */
async function killed(
  { sandbox, requests }: Scene,
  { at, before }: { at: number; before: boolean },
): Promise<number> {
  const running = sandbox.start(['now']);
  running.child.stdin.end();
  requests.at(at, before, () => running.child.kill('SIGKILL'));
  const { code } = await running.ended;
  return code === null ? 1 : 0;
}
