/** Directories of the data that are exchanged for others while a restore runs, and what may be there afterwards. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BackupError, type OperationContext, type RestoreRequest } from '@gofr-backup/model';
import type { Pair, Race } from '@gofr-backup/testing';
import { expect } from 'vitest';
import { recoverInterrupted } from './recover.ts';
import { restore } from './restore.ts';
import { contextFor, fill, NOW_TO_MERGE, present, type World } from './restoring.fixture.ts';

/** What takes the place of a directory. */
export const OTHERS: ((path: string, at: (name: string) => string) => void)[] = [
  (path, at) => symlinkSync(at('foreign'), path),
  (path, at) => symlinkSync(at('foreign/group'), path),
  (path) => execFileSync('mkfifo', [path]),
  (path) => mkdirSync(join(path, 'inner'), { recursive: true }),
];
export const DIRECTORY = OTHERS.at(-1);

export interface Way {
  request?: Partial<RestoreRequest>;
  exclude?: string[];
  /** the directories that are exchanged */
  raced: string[];
  /** the work directory is exchanged for one of the application, in which names lead out */
  work?: boolean;
}

export const WAYS: Way[] = [
  { raced: ['data/storage'] },
  { raced: ['data/storage/group'], exclude: ['local'] },
  { raced: ['data/storage/group', 'data/storage'], exclude: ['local'] },
  { raced: ['data/storage/group'], request: { paths: ['data/storage/group/inner'] } },
  {
    raced: ['data/storage', 'data/auth'],
    request: { paths: ['data/storage/group', 'data/auth/token.json'] },
  },
  { raced: ['data/storage/group'], request: { merge: true } },
  { raced: ['data/storage', 'data/auth'], request: { merge: true } },
  { raced: ['data/storage'], request: { only: ['storage'], merge: true } },
  { raced: [], work: true },
  { raced: ['data/auth'], work: true },
];

/** The inode numbers of what is exchanged, as it is before. */
export const ownOf = ({ raced }: Way, world: World): Map<string, bigint> =>
  new Map(raced.map((name) => join(world.base, name)).map((path) => [path, inodeOf(path)!]));

/** Everything that a system call could have changed. */
export function stateOf(path: string): string[] {
  const stat = lstatSync(path, { bigint: true });
  const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = stat;
  const own = [path, ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs].join(' ');
  const names = stat.isDirectory() ? readdirSync(path).sort() : [];
  return [own, ...names.flatMap((name) => stateOf(join(path, name)))];
}

export function fillForeign(directory: string): void {
  for (const inner of ['', 'group', 'storage/group', 'auth', 'data/storage', 'old', 'new'])
    mkdirSync(join(directory, inner), { recursive: true, mode: 0o700 });
  for (const name of ['chart.png', 'metadata.json', 'group/inner', 'storage/group/inner', 'auth/token.json'])
    writeFileSync(join(directory, name), 'of somebody else', { mode: 0o600 });
}

export async function nowIn(world: World): Promise<void> {
  await fill(world, NOW_TO_MERGE);
  writeFileSync(join(world.base, 'data/storage/group/local'), 'stays');
  const places = [join(world.base, 'data'), join(world.base, 'logs')];
  execFileSync('find', [...places, '-exec', 'touch', '-h', '-d', '@1750000000', '{}', '+']);
}

export const requestOf = ({ request }: Way, archive: string): RestoreRequest => ({
  backup: archive,
  safetyBackup: false,
  ...request,
});

export const contextOf = ({ exclude = [] }: Way, world: World) => contextFor({ ...world.plan, exclude });

/** The old data, and the new without any race. */
export async function wholeStates(way: Way, world: World, archive: string): Promise<Set<string>> {
  await nowIn(world);
  const old = await dataOf(world);
  await restore(contextOf(way, world), requestOf(way, archive));
  return new Set([old, await dataOf(world)]);
}

/**
 * Every name has its own again, as far as it is there: what is not the other is it. Answers the pairs of which nobody knows,
 * because the restore took the other one for what was there: then the old data may have been exchanged for the new since. It
 * may also have been put into the new data, which is beside the data when the restore was rolled back.
 */
export function putInOrder(
  own: Map<string, bigint>,
  others: Map<string, bigint>,
  race: Race,
  world: World,
): Pair[] {
  const open: Pair[] = [];
  const appeared = race.appearing;
  const pairs = [...(race.pairs ?? [])].reverse();
  if (appeared)
    for (const name of readdirSync(appeared.directory).filter((one) => one.startsWith(appeared.prefix)))
      pairs.push([join(appeared.directory, name), appeared.other]);
  for (const [own, other] of pairs) {
    const inode = others.get(other);
    if (inodeOf(own) === inode) {
      renameSync(own, `${other}.aside`);
      if (existsSync(other) && inodeOf(other) !== inode) renameSync(other, own);
    } else if (inodeOf(other) !== undefined && inodeOf(other) !== inode) {
      if (inodeOf(own) === undefined) renameSync(other, own);
      else open.push([own, other]);
    }
  }
  return [...open, ...inFound(own, world)];
}

function inFound(own: Map<string, bigint>, { base }: World): Pair[] {
  const found = [base, join(base, 'data')].flatMap((home) =>
    readdirSync(home)
      .filter((name) => name.includes('.found-'))
      .map((name) => join(home, name)),
  );
  const below = found.flatMap((path) => directoriesIn(path));
  return [...own].flatMap(([path, inode]) => {
    const kept = below.find((one) => inodeOf(one) === inode);
    return kept === undefined ? [] : [[path, kept] as const];
  });
}

function directoriesIn(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [];
  const inner = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [path, ...inner.flatMap(({ name }) => directoriesIn(join(path, name)))];
}

/**
 * The states that a race may leave. A restore may have gone into the other directory, which was the component when it began: then each
 * component is old or new by itself. A directory in one that is exchanged as well is so after any race, because the racing
 * process itself puts it from the old into the new.
 */
export function statesAfter(
  states: Set<string>,
  { raced }: Way,
  other: (typeof OTHERS)[number],
): Set<string> {
  const nested = raced.filter((name) => raced.includes(dirname(name)));
  const parts = [...nested, ...(other === DIRECTORY ? ['data/auth', 'data/storage', 'logs'] : [''])];
  const isIn = (path: string) => (part: string) =>
    part === '' || path === part || path.startsWith(`${part}/`);
  const parsed = [...states].map((state) => JSON.parse(state) as [string, unknown][]);
  let mixed: [string, unknown][][] = [[]];
  for (const part of parts) {
    const each = parsed.map((state) => state.filter(([path]) => parts.find(isIn(path)) === part));
    mixed = mixed.flatMap((before) => each.map((own) => [...before, ...own]));
  }
  return new Set(mixed.map(inOrder));
}

const inOrder = (entries: [string, unknown][]): string =>
  JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)));

/** `open`: pairs of which any may have been exchanged once more, one in another by the racing process itself. */
export async function expectWhole(
  states: Set<string>,
  open: readonly Pair[],
  world: World,
  what: string,
): Promise<void> {
  const seen: string[] = [];
  expect(await isWhole(states, open, world, seen), [what, ...seen].join('\n')).toBe(true);
  const group = join(world.base, 'data/storage/group');
  const isOld = existsSync(join(group, 'extra'));
  expect(!isOld || existsSync(join(group, 'local')), `${what}: the excluded file of the old data`).toBe(true);
}

async function isWhole(
  states: Set<string>,
  open: readonly Pair[],
  world: World,
  seen: string[],
): Promise<boolean> {
  seen.push(await dataOf(world));
  if (states.has(seen.at(-1)!)) return true;
  for (const pair of open) {
    exchange(pair);
    const others = open.filter((one) => one !== pair);
    if (await isWhole(states, others, world, seen)) return true;
    exchange(pair);
  }
  return false;
}

export const inodeOf = (path: string): bigint | undefined =>
  lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;

/**
 * Exchanges change the times of the directory they happen in, and what stood in the way is beside the data. The excluded file
 * is replaced with its directory when that was exchanged just as the restore looked for such files.
 */
async function dataOf(world: World): Promise<string> {
  const isCompared = (path: string): boolean => !path.includes('.found-') && !path.endsWith('/local');
  const all = Object.entries(await present(world)).filter(([path]) => isCompared(path));
  return inOrder(
    all.map(([path, entry]) => {
      const { type } = entry as { type: string };
      return [path, type === 'directory' ? { ...(entry as object), mtime: undefined } : entry];
    }),
  );
}

export function exchange([own, other]: Pair): void {
  const between = `${other}.between`;
  if (inodeOf(own) !== undefined) renameSync(own, between);
  if (inodeOf(other) !== undefined) renameSync(other, own);
  if (inodeOf(between) !== undefined) renameSync(between, other);
}

/** A restore that went into the other directory is undone there alone: it gets its place again for that long. */
export async function settleWhereItWent(ctx: OperationContext, pairs: readonly Pair[]): Promise<void> {
  const refusal = await recoverInterrupted(ctx).then(() => undefined, understood);
  const went = pairs.find(([own]) => refusal?.includes(`${own} is another directory`));
  if (!went) return expect(refusal).toBe(undefined);
  const aside: Pair = [went[0], `${went[1]}.aside`];
  exchange(aside);
  await settleWhereItWent(
    ctx,
    pairs.filter((pair) => pair !== went),
  );
  exchange(aside);
}

export const existsOrLink = (path: string): boolean => inodeOf(path) !== undefined;

export function understood(error: unknown): string {
  if (!(error instanceof BackupError)) throw error;
  const text = [error.message, error.why, error.hint].join('\n');
  expect(text).not.toContain('/proc/self/fd');
  return text;
}
