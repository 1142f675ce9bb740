import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupError, type BackupPlan, silentLogger } from '@gofr-backup/model';
import { parseMountInfo } from '@gofr-backup/posix';
import { directory, FAST, makeTree, readTree, type Tree } from '@gofr-backup/testing';
import { Ground } from './ground/ground.ts';
import { type Journal, parseJournal, readJournal, writeJournal, writeMarkers } from './journal.ts';
import { MountTable, readMounts } from './mounts.ts';
import { planMoves } from './moves.ts';
import { writePointer } from './pointer.ts';
import { findInterrupted, settle } from './settle.ts';
import { layStages, stagedFor } from './stages.ts';
import { createWorkDir, discardWorkDirs } from './staging.ts';
import { rollBack, swap } from './swap.ts';
import type { Target } from './target.ts';

const PROJECT = 'swap-test';
const ID = '0123456789abcdef';
/** hundreds of journals are flushed: memory where there is some */
let base: string;
let ground: Ground;

beforeEach(() => {
  base = mkdtempSync(join(FAST, 'swap-'));
  ground = new Ground();
});
afterEach(() => {
  ground[Symbol.dispose]();
  rmSync(base, { recursive: true, force: true });
});

function target(name: string, change: Partial<Target> = {}): Target {
  return {
    components: [name],
    place: join(base, 'data', name),
    archivePath: `data/${name}`,
    paths: [`data/${name}`],
    merge: false,
    stays: false,
    withheld: [],
    keeps: () => false,
    owns: () => true,
    takes: () => true,
    keepsAttributes: () => false,
    ...change,
  };
}

/** What extraction would have left in the work directories, and the journal over it. */
async function stageByHand(targets: Target[], coming: Tree, mounts = new MountTable([])): Promise<Journal> {
  ground[Symbol.dispose]();
  ground = new Ground();
  const stages = layStages(targets, mounts, ID, ground);
  const workDirs = stages.map((stage) => stage.workDir);
  const places = targets.map(({ place }) => place);
  const journal: Journal = {
    version: 1,
    id: ID,
    project: PROJECT,
    state: 'staging',
    workDirs,
    places,
    moves: [],
    attributes: [],
  };
  for (const workDir of workDirs) createWorkDir(workDir, ground);
  writeJournal(journal, ground);
  writeMarkers(journal, ground);
  await makeTree(join(base, 'coming'), coming);
  for (const { place, components } of targets) {
    const tree = coming[components[0]!];
    if (tree !== undefined) await makeTree(stagedFor(place, stages).staged, tree as Tree);
  }
  Object.assign(journal, planMoves(targets, stages, mounts, ground));
  return journal;
}

/** A process that dies before its step number `at`: from then on nothing happens any more. */
function dieAt(at: number) {
  let steps = 0;
  return () => {
    if (steps++ >= at) throw new Error('killed');
  };
}

const planOf = (names: string[]): BackupPlan =>
  ({
    project: PROJECT,
    components: names.map((name) => ({
      name,
      root: join(base, 'data', name),
      archivePath: `data/${name}`,
      select: 'all',
    })),
  }) as unknown as BackupPlan;

async function recover(names: string[]): Promise<void> {
  const stateDir = join(base, 'state');
  const plan = planOf(names);
  for (const interrupted of findInterrupted(plan, stateDir, silentLogger))
    await settle(interrupted, { ...plan, stateDir, withheld: [] }, silentLogger);
}

const data = async () => {
  const tree = await readTree(join(base, 'data'), { without: ['mtimeNs'] });
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !path.includes('.gofr-restore-')));
};
const NAMES = ['auth', 'logs', 'storage'];

const content = fc.string({ maxLength: 4 });
const name = fc.constantFrom('a', 'b', 'c', 'é', 'metadata.json');
const tree: fc.Arbitrary<Tree> = fc.letrec<{ node: Tree | string; tree: Tree }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, content, tie('tree')),
  tree: fc.dictionary(name, tie('node'), { maxKeys: 4 }),
})).tree;
/** Merging refuses to lay a file over a directory, or the other way. */
function unlessInTheWay(error: unknown): undefined {
  if (!(error instanceof BackupError && error.message.includes('is in the way'))) throw error;
}
const components = fc.record({ auth: tree, logs: tree, storage: tree }, { requiredKeys: ['storage'] });

test('a commit that cannot be written is undone: the journal never lags behind the data', async () => {
  await makeTree(join(base, 'data'), { storage: { a: 'old' } });
  const before = await data();
  const journal = await stageByHand([target('storage')], { storage: { a: 'new' } });
  const inTheWay = join(journal.workDirs[0]!, 'journal.json.tmp');
  const failing = swap(journal, ground, (step) => {
    if (step === 'commit') mkdirSync(inTheWay);
    if (step === 'rolled-back') rmSync(inTheWay, { recursive: true });
  });
  await expect(failing).rejects.toMatchObject({ code: 'EISDIR' });
  expect(await data()).toEqual(before);
  expect([journal.state, readJournal(journal.workDirs[0]!, ground)?.state]).toEqual([
    'rolled-back',
    'rolled-back',
  ]);
});

test('an intent that cannot be written is no swap', async () => {
  await makeTree(join(base, 'data'), { storage: { a: 'old' } });
  const journal = await stageByHand([target('storage')], { storage: { a: 'new' } });
  mkdirSync(join(journal.workDirs[0]!, 'journal.json.tmp'));
  await expect(swap(journal, ground)).rejects.toMatchObject({ code: 'EISDIR' });
  expect([journal.state, readJournal(journal.workDirs[0]!, ground)?.state]).toEqual(['staging', 'staging']);
});

describe('a swap that dies', () => {
  test('before any of its steps is undone or finished, over all components', async () => {
    await fc.assert(
      fc.asyncProperty(
        components,
        components,
        fc.nat(14),
        fc.nat(8),
        fc.boolean(),
        async (old, coming, at, again, merge) => {
          rmSync(base, { recursive: true });
          await makeTree(join(base, 'data'), old as Tree);
          const before = await data();
          const targets = NAMES.filter((each) => each in coming).map((each) => target(each, { merge }));
          const journal = await stageByHand(targets, coming as Tree).catch(unlessInTheWay);
          if (journal === undefined) {
            expect(merge).toBe(true);
            return;
          }
          const outcome = await swap(journal, ground, dieAt(at)).then(
            () => 'committed',
            () => 'killed',
          );
          const onDisk = readJournal(journal.workDirs[0]!, ground)!;
          // a recovery may die as well
          if (onDisk.state === 'swapping') await rollBack(onDisk, ground, dieAt(again)).catch(() => {});
          await recover(NAMES);
          const after = await data();
          if (outcome === 'killed') expect(after).toEqual(before);
          else if (!merge)
            for (const each of Object.keys(coming)) expect(await inData(each)).toEqual(await inComing(each));
          expect(readdirSync(join(base, 'data')).filter((each) => each.startsWith('.'))).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('after its commit goes forward', async () => {
    await makeTree(join(base, 'data'), { storage: { x: 'old' }, auth: { t: 'old' } });
    const journal = await stageByHand([target('storage'), target('auth')], {
      storage: { x: 'new' },
      auth: {},
    });
    await swap(journal, ground);
    expect(existsSync(journal.workDirs[0]!)).toBe(true);
    await recover(NAMES);
    expect(Object.keys(await data())).toEqual(['auth', 'storage', 'storage/x']);
    expect((await data())['storage/x']?.content).toBe('new');
  });

  test('keeps what was written into the gap meanwhile, and says where', async () => {
    await makeTree(join(base, 'data'), { storage: { x: 'old' } });
    const journal = await stageByHand([target('storage')], { storage: { x: 'new' } });
    await expect(swap(journal, ground, dieAt(2))).rejects.toThrow('killed');
    await makeTree(join(base, 'data'), { storage: { fresh: 'written by the service' } });
    const stateDir = join(base, 'state');
    const [interrupted] = findInterrupted(planOf(NAMES), stateDir, silentLogger);
    const result = await settle(interrupted!, { ...planOf(NAMES), stateDir, withheld: [] }, silentLogger);
    expect(result?.warnings.join()).toContain(`storage.found-${ID}`);
    const after = await data();
    expect(after['storage/x']?.content).toBe('old');
    expect(after[`storage.found-${ID}/fresh`]?.content).toBe('written by the service');
  });

  test.each<[string, (at: (name: string) => string) => void, string]>([
    ['written into', (at) => writeFileSync(at('deep/fresh'), 'fresh'), 'deep/fresh'],
    ['written over', (at) => writeFileSync(at('deep/x'), 'fresh'), 'deep/x'],
    ['replaced', replaceIn, 'deep/x'],
  ])('keeps new data that was %s while it was in place, and says where', async (_, write, path) => {
    for (const old of [{ storage: { x: 'old' }, auth: { t: 'old' } }, { auth: { t: 'old' } }]) {
      rmSync(base, { recursive: true });
      await makeTree(join(base, 'data'), old as Tree);
      const before = await data();
      const coming = { storage: { deep: { x: 'new' } }, auth: { t: 'new' } };
      const journal = await stageByHand([target('storage'), target('auth')], coming);
      await expect(swap(journal, ground, dieAt(6))).rejects.toThrow('killed');
      write((name) => join(base, 'data/storage', name));
      // a recovery may die as well
      const onDisk = readJournal(journal.workDirs[0]!, ground)!;
      await expect(rollBack(onDisk, ground, dieAt(2))).rejects.toThrow('killed');
      await recover(NAMES);
      const [kept, after] = split(await data(), `storage.found-${ID}`);
      expect(after).toEqual(before);
      expect(kept[`storage.found-${ID}/${path}`]?.content).toBe('fresh');
    }
  });

  test.each([false, true])(
    'and whose work directory was renamed (another in its place: %s)',
    async (other) => {
      await makeTree(join(base, 'data'), { storage: { x: 'old' } });
      const journal = await stageByHand([target('storage')], { storage: { x: 'new' } });
      await expect(swap(journal, ground, dieAt(3))).rejects.toThrow('killed');
      mkdirSync(join(base, 'state'));
      writePointer(join(base, 'state'), journal, ground);
      renameSync(journal.workDirs[0]!, join(base, 'data/moved'));
      if (other) await makeTree(journal.workDirs[0]!, { old: { 0: 'not mine' } });
      await recover(NAMES);
      const after = await data();
      expect(after['storage/x']?.content).toBe('old');
      expect(Object.keys(after)).toEqual([
        ...(other ? ['moved', 'moved/old', 'moved/old/0'] : []),
        'storage',
        'storage/x',
      ]);
    },
  );

  test('and whose old data was carried off is left alone', async () => {
    await makeTree(join(base, 'data'), { storage: { x: 'old' } });
    const journal = await stageByHand([target('storage')], { storage: { x: 'new' } });
    await expect(swap(journal, ground, dieAt(3))).rejects.toThrow('killed');
    renameSync(join(journal.workDirs[0]!, 'old/0'), join(base, 'carried-off'));
    mkdirSync(join(base, 'state'));
    writePointer(join(base, 'state'), journal, ground);
    await expect(recover(NAMES)).rejects.toMatchObject({ code: 'IO' });
    expect((await data())['storage/x']?.content).toBe('new');
  });
});

/** As programs write that want no half file. */
function replaceIn(at: (name: string) => string): void {
  writeFileSync(at('deep/x.tmp'), 'fresh');
  renameSync(at('deep/x.tmp'), at('deep/x'));
}

type Listing = Awaited<ReturnType<typeof data>>;

/** What lies at a path or below it, and the others. */
function split(listing: Listing, at: string): [Listing, Listing] {
  const isThere = ([path]: [string, unknown]) => path === at || path.startsWith(`${at}/`);
  const entries = Object.entries(listing);
  return [
    Object.fromEntries(entries.filter(isThere)),
    Object.fromEntries(entries.filter((entry) => !isThere(entry))),
  ];
}

const inData = (each: string) => readTree(join(base, 'data', each), { without: ['mtimeNs'] });
const inComing = (each: string) => readTree(join(base, 'coming', each), { without: ['mtimeNs'] });

describe('what a swap spares', () => {
  test('files the target does not own', async () => {
    await makeTree(join(base, 'data'), {
      storage: { 'metadata.json': 'm', x: 'old', d: { 'metadata.json': 'n', y: 'old' }, e: { z: '' } },
    });
    const owns = (relative: string) => !relative.endsWith('metadata.json');
    const journal = await stageByHand([target('storage', { owns })], {
      storage: { x: 'new', f: { g: '' } },
    });
    await swap(journal, ground);
    await discardWorkDirs(journal, [], ground);
    expect(Object.keys(await inData('storage'))).toEqual([
      'd',
      'd/metadata.json',
      'f',
      'f/g',
      'metadata.json',
      'x',
    ]);
  });

  test('what the archive does not have, when merging; and times of directories are the archive’s', async () => {
    await makeTree(join(base, 'data'), { storage: { keep: '1', d: { keep: '2', same: 'old' } } });
    const journal = await stageByHand([target('storage', { merge: true })], {
      storage: { d: directory({ same: 'new' }, { mtime: 1_600_000_000 }) },
    });
    await swap(journal, ground);
    const after = await readTree(join(base, 'data/storage'));
    expect(Object.keys(after)).toEqual(['d', 'd/keep', 'd/same', 'keep']);
    expect(after['d']?.mtimeNs).toBe(1_600_000_000_000_000_000n);
  });
});

describe('a journal that was tampered with', () => {
  const valid = (): Journal => ({
    version: 1,
    id: ID,
    project: PROJECT,
    state: 'swapping',
    workDirs: [`/d/.gofr-restore-${ID}`],
    places: ['/d/storage'],
    moves: [
      {
        place: '/d/storage',
        staged: `/d/.gofr-restore-${ID}/new/data/storage`,
        aside: `/d/.gofr-restore-${ID}/old/0`,
      },
    ],
    attributes: [],
  });
  const attributes = { mode: 0o755, uid: 0, gid: 0, mtimeNs: '1' };
  const parse = (journal: object) => parseJournal(JSON.stringify(journal), `/d/.gofr-restore-${ID}`);

  test.each<[string, Partial<Record<keyof Journal, unknown>>]>([
    ['another version', { version: 2 }],
    ['an unknown state', { state: 'done' }],
    ['a place with ..', { places: ['/d/storage/../../etc'] }],
    ['a relative place', { places: ['d/storage'] }],
    [
      'a move out of the places',
      { moves: [{ place: '/etc', staged: null, aside: `/d/.gofr-restore-${ID}/old/0` }] },
    ],
    ['a staged path outside', { moves: [{ place: '/d/storage', staged: '/etc/shadow', aside: null }] }],
    [
      'the work directory itself as staged',
      { moves: [{ place: '/d/storage', staged: `/d/.gofr-restore-${ID}`, aside: null }] },
    ],
    [
      'an aside with ..',
      { moves: [{ place: '/d/storage', staged: null, aside: `/d/.gofr-restore-${ID}/../../x` }] },
    ],
    ['a NUL', { moves: [{ place: '/d/storage/\0', staged: null, aside: null }] }],
    ['a foreign work directory', { workDirs: [`/d/.gofr-restore-${ID}`, '/home'] }],
    ['another anchor', { workDirs: ['/e/.gofr-restore-0123456789abcdef'] }],
    ['attributes elsewhere', { attributes: [{ place: '/bin/sh', before: attributes, after: attributes }] }],
    ['attributes that are none', { attributes: [{ place: '/d/storage', before: {}, after: attributes }] }],
    ['moves that are no list', { moves: 'all' }],
  ])('%s is refused', (_, change) => {
    expect(parse(valid()).state).toBe('swapping');
    expect(() => parse({ ...valid(), ...change })).toThrow();
  });

  test('and any text at all is refused or harmless', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseJournal(text, `/d/.gofr-restore-${ID}`)).toThrow();
      }),
    );
  });

  test('to lead out of the components is not carried out', async () => {
    await makeTree(base, { data: { storage: { x: 'old' } }, elsewhere: { secret: 's' } });
    const journal = await stageByHand([target('storage')], { storage: { x: 'new' } });
    const place = join(base, 'elsewhere');
    writeJournal(
      {
        ...journal,
        state: 'swapping',
        places: [place],
        moves: [{ place, staged: null, aside: `${journal.workDirs[0]}/old/0` }],
      },
      ground,
    );
    await expect(recover(NAMES)).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(existsSync(join(place, 'secret'))).toBe(true);
  });

  test('to lead through a link is not carried out', async () => {
    await makeTree(base, { data: { storage: {} }, elsewhere: { x: 's' } });
    const journal = await stageByHand([target('storage')], { storage: { x: 'new' } });
    execFileSync('ln', ['-s', join(base, 'elsewhere'), join(base, 'data/storage/link')]);
    const place = join(base, 'data/storage/link/x');
    writeJournal(
      {
        ...journal,
        state: 'swapping',
        moves: [{ place, staged: `${journal.workDirs[0]}/new/none`, aside: null }],
      },
      ground,
    );
    await expect(recover(NAMES)).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(existsSync(join(base, 'elsewhere/x'))).toBe(true);
  });

  test('cannot have a marker lead to somebody’s data', async () => {
    await makeTree(join(base, 'data'), {
      storage: { x: 'old' },
      [`.gofr-restore-${ID}`]: {
        'journal-is-in.json': JSON.stringify({ anchor: join(base, 'data/storage') }),
      },
    });
    await recover(NAMES);
    expect(Object.keys(await readTree(join(base, 'data')))).toEqual(['storage', 'storage/x']);
  });

  test('or torn is not believed, and nothing is removed', async () => {
    await makeTree(join(base, 'data'), { storage: { x: 'old' } });
    const journal = await stageByHand([target('storage')], { storage: { x: 'new' } });
    writeFileSync(join(journal.workDirs[0]!, 'journal.json'), '{"version":1,');
    await expect(recover(NAMES)).rejects.toMatchObject({ code: 'IO' });
    expect(existsSync(join(journal.workDirs[0]!, 'new/data/storage/x'))).toBe(true);
  });
});

test('mountinfo is read with its escapes', () => {
  const line = '36 35 98:0 /mnt1 /mnt/with\\040space\\011tab rw,noatime master:1 - ext3 /dev/root rw\n';
  expect(parseMountInfo(line)).toEqual(['/mnt/with space\ttab']);
  expect(readMounts('/nonexistent').points.size).toBe(0);
});

/** Bind mounts have the device number of what they show, so only the mount table gives them away. */
function tryMount(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('mount points', () => {
  test.each(['bind', 'tmpfs'])(
    'a component that is a %s mount, with another one inside, is swapped one level down',
    async (kind) => {
      const storage = join(base, 'data/storage');
      await makeTree(base, {
        data: { storage: {}, auth: { t: 'old' } },
        volume: { x: 'old', inner: {} },
        innerVolume: { y: 'old', gone: '' },
      });
      const mounted: string[] = [];
      const mount = (source: string, at: string) => {
        const args = kind === 'bind' ? ['--bind', source, at] : ['-t', 'tmpfs', 'none', at];
        return tryMount(...args) && mounted.push(at) > 0;
      };
      try {
        if (!mount(join(base, 'volume'), storage)) return console.warn('skipped: mounting needs root');
        mkdirSync(join(storage, 'inner'), { recursive: true });
        mount(join(base, 'innerVolume'), join(storage, 'inner'));
        await makeTree(storage, kind === 'bind' ? {} : { x: 'old', inner: { y: 'old', gone: '' } });
        const mounts = readMounts();
        const coming = {
          storage: { x: 'new', deep: { er: '1' }, inner: { y: 'new', z: 'new' } },
          auth: { t: 'new' },
        };
        const targets = [target('auth'), target('storage')];
        for (let at = 0; ; at++) {
          rmSync(join(base, 'coming'), { recursive: true, force: true });
          const journal = await stageByHand(targets, coming, mounts);
          moveInner(journal);
          Object.assign(journal, planMoves(targets, layStages(targets, mounts, ID, ground), mounts, ground));
          const before = await data();
          const killed = await swap(journal, ground, dieAt(at)).then(
            () => false,
            () => true,
          );
          await recover(NAMES);
          expect(await data()).toEqual(killed ? before : expect.objectContaining({}));
          if (!killed) break;
        }
        const after = await data();
        expect(Object.keys(after)).toEqual([
          'auth',
          'auth/t',
          'storage',
          'storage/deep',
          'storage/deep/er',
          'storage/inner',
          'storage/inner/y',
          'storage/inner/z',
          'storage/x',
        ]);
        expect(
          [after['auth/t'], after['storage/x'], after['storage/inner/y']].map((each) => each?.content),
        ).toEqual(['new', 'new', 'new']);
        expect(readMounts().points.has(join(storage, 'inner'))).toBe(true);
      } finally {
        ground[Symbol.dispose]();
        ground = new Ground();
        for (const at of mounted.reverse()) execFileSync('umount', [at]);
      }
    },
  );
});

/** stageByHand copies a component into its first stage; what is mounted inside belongs into its own. */
function moveInner({ workDirs }: Journal): void {
  const from = workDirs.map((dir) => join(dir, 'new/data/storage/inner')).find(existsSync)!;
  const to = join(base, `data/storage/inner/.gofr-restore-${ID}/new/data/storage/inner`);
  if (from === to) return;
  mkdirSync(join(to, '..'), { recursive: true });
  cpSync(from, to, { recursive: true });
}
