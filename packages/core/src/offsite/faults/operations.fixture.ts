/** What hosts ask of a store, under whatever trouble there is. */
import type { RetentionPolicy } from '@gofr-backup/model';
import { type CopyRequest, copyToStore } from '../copy/copy.ts';
import { pruneStore, type PruneStoreOutcome } from '../prune/prune.ts';
import { Copies } from '../read/copies.ts';
import { type Host, requestFor } from '../testing.ts';
import { verifyStore } from '../verify/verify.ts';
import { fetched } from './oracle.fixture.ts';
import { drawTrouble } from './troubles.fixture.ts';
import { pictureOf, type World } from './world.fixture.ts';

export const KEPT = 4;
export const POLICY: RetentionPolicy = {
  ...{ retentionDays: 3650, maxCount: KEPT, keepLast: 1, timezone: 'UTC' },
  ...{ unverifiedIsGood: false, anomalyPercent: 0 },
};

/** What an operation came to. */
export interface Done {
  kind: string;
  /** `done`, or an error's code */
  code: string;
  /** copies that retention has removed, or may have */
  removed: Set<string>;
  /** what is wrong at once */
  wrong: string[];
}

type Operation = (world: World) => Promise<Done>;
const OPERATIONS: [weight: number, Operation][] = [
  [5, copyNew],
  [3, prune],
  [2, copyWhilePruned],
  [1, verify],
  [1, restore],
  [1, copyByOther],
  [1, takeOver],
];

export async function drawOperation(world: World): Promise<Done> {
  const all = OPERATIONS.flatMap(([weight, operation]) => Array.from({ length: weight }, () => operation));
  return world.dice.pick(all)(world);
}

/** The next archive of the pool, as if it had been made now. */
export function backup({ made, pool }: World, { root }: Host): CopyRequest {
  const n = made.size;
  const request = requestFor(root, n, pool.place(n, root));
  made.set(request.entry.filename, request);
  return request;
}

/** With the trouble of this moment; a kill leaves what the host knew then. */
async function underTrouble<T>(world: World, host: Host, work: () => Promise<T>): Promise<T | Error> {
  let back: (() => void) | undefined;
  if (world.dice.maybe(0.85)) {
    world.trouble = drawTrouble(world.dice, () => (back = pictureOf(host)));
    world.log.push(`  ${world.trouble.words}`);
  }
  const answer = await work().catch((error: Error) => error);
  world.trouble = undefined;
  back?.();
  return answer;
}

const ended = (kind: string, answer: unknown, more: Partial<Done> = {}): Done => ({
  ...{ kind, removed: new Set<string>(), wrong: [] },
  code: answer instanceof Error ? ((answer as { code?: string }).code ?? answer.message) : 'done',
  ...more,
});

async function copyNew(world: World): Promise<Done> {
  const { writer, committed } = world;
  const request = backup(world, writer);
  const answer = await underTrouble(world, writer, () => copyToStore(writer.offsite, request));
  if (!(answer instanceof Error)) committed.add(request.entry.filename);
  return ended('copy', answer);
}

/** By anyone who has the key. */
async function prune(world: World): Promise<Done> {
  const { offsite } = world.dice.pick(world.hosts);
  const host = world.hosts.find((one) => one.offsite === offsite)!;
  const planned = await pruneStore(offsite, { policy: POLICY, dryRun: true });
  const answer = await underTrouble(world, host, () =>
    pruneStore(offsite, { policy: POLICY, dryRun: false }),
  );
  const told = answer instanceof Error ? planned : answer;
  return ended(`prune${told.held === undefined ? '' : ' held'}`, answer, { removed: removedBy(told) });
}

const removedBy = ({ held, decisions }: PruneStoreOutcome): Set<string> =>
  new Set(
    decisions
      .filter(({ action }) => action === 'remove' && held === undefined)
      .map(({ filename }) => filename),
  );

/** Calls of the two in any order. */
async function copyWhilePruned(world: World): Promise<Done> {
  const { writer, committed, dice, hosts } = world;
  const request = backup(world, writer);
  world.shuffled = true;
  const [copied, pruned] = await Promise.allSettled([
    copyToStore(writer.offsite, request),
    pruneStore(dice.pick(hosts).offsite, { policy: POLICY, dryRun: false }),
  ]);
  world.shuffled = false;
  if (copied.status === 'fulfilled') committed.add(request.entry.filename);
  const removed = pruned.status === 'fulfilled' ? removedBy(pruned.value) : new Set<string>();
  const failure: unknown =
    copied.status === 'rejected' ? copied.reason : pruned.status === 'rejected' ? pruned.reason : undefined;
  return ended('copy while pruned', failure, { removed });
}

async function verify(world: World): Promise<Done> {
  const { writer } = world;
  return ended('verify', await underTrouble(world, writer, () => verifyStore(writer.offsite, { share: 1 })));
}

/** The store may vanish in the middle. */
async function restore(world: World): Promise<Done> {
  const { writer, made, dice } = world;
  const answer = await underTrouble(world, writer, async () => {
    const copies = await Copies.open(writer.offsite, { anew: dice.maybe(0.5) });
    const copy = copies.copies.length === 0 ? undefined : dice.pick(copies.copies);
    return copy && { came: await fetched(world, copies, copy), sha256: made.get(copy.name.filename)?.sha256 };
  });
  if (answer instanceof Error || answer === undefined) return ended('restore', answer);
  const { came, sha256 } = answer;
  if (came === sha256) return ended('restore', undefined);
  const wrong = /^[A-Z_]+$/.test(came) ? [] : [`RESTORED ${came}, not ${sha256}`];
  return ended('restore', undefined, { code: came, wrong });
}

/** Who does not write there must not. */
async function copyByOther(world: World): Promise<Done> {
  const { hosts, writer, committed } = world;
  const other = hosts.find((one) => one !== writer)!;
  const request = backup(world, other);
  const answer = await underTrouble(world, other, () => copyToStore(other.offsite, request));
  const wrong =
    answer instanceof Error || committed.size === 0 ? [] : [`TWO WRITERS ${request.entry.filename}`];
  return ended('copy by another', answer, { wrong });
}

async function takeOver(world: World): Promise<Done> {
  const { hosts, writer, committed } = world;
  const other = hosts.find((one) => one !== writer)!;
  const request = backup(world, other);
  const answer = await underTrouble(world, other, () =>
    copyToStore(other.offsite, { ...request, takeOver: true }),
  );
  // one that broke off may have taken over: the next copy does it again
  world.writer = other;
  if (answer instanceof Error) await copyToStore(other.offsite, { ...request, takeOver: true });
  committed.add(request.entry.filename);
  return ended('take over', answer);
}
