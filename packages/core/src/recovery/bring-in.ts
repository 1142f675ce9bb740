/** Stages the targets and swaps them in: the part of a restore that changes data. */
import type { ArchiveReader, ExtractReport } from '@gofr-backup/archive';
import { BackupError, type BytePath, displayPath, type Ports, toBackupError } from '@gofr-backup/model';
import { isWithin, parentOf } from '@gofr-backup/posix';
import { assertFree } from './conditions/free.ts';
import type { Ground } from './ground/ground.ts';
import { type AttributeChange, type Journal, writeJournal, writeMarkers } from './journal.ts';
import { type Kept, withoutKept } from './kept.ts';
import { planMoves } from './moves.ts';
import { parentsOf } from './ground/parents.ts';
import { assertUnmoved } from './place.ts';
import { removePointer, writePointer } from './pointer.ts';
import type { RestorePlan } from './restore-plan.ts';
import { relink } from './linking/relink.ts';
import { isClosed } from './rights/closed.ts';
import { stagedFor } from './stages.ts';
import {
  createWorkDir,
  discardWorkDirs,
  extractStages,
  type Home,
  isUntouched,
  pruneStaged,
  settleTime,
  syncStages,
} from './staging.ts';
import { relativeTo, type Target } from './target.ts';
import { CannotRename, type StepHook, swap } from './swap.ts';

export interface BringInOptions extends Ports {
  reader: ArchiveReader;
  plan: RestorePlan;
  project: string;
  stateDir: string;
  /** throws when the lock was lost */
  checkLock(): Promise<void>;
  /** throws when the archive is not what it should be */
  proved(): Promise<void>;
  step: StepHook;
}

/**
 * Swaps in all targets, or none of them after any error. Leftovers that could not be removed are among the warnings.
 */
export async function bringIn(options: BringInOptions): Promise<ExtractReport> {
  const { plan, project, stateDir, step } = options;
  const { ground } = plan;
  const journal = newJournal(plan, project);
  const homes: Home[] = [];
  for (const workDir of journal.workDirs) ground.makeDirectory(parentOf(workDir));
  writePointer(stateDir, journal, ground);
  try {
    const staged = await stage(journal, homes, options);
    await options.proved();
    options.signal.throwIfAborted();
    await options.checkLock();
    assertUnmoved(plan);
    assertFree(plan);
    const report = withoutKept(staged, await swapInto(journal, options), ground);
    step('tidy');
    const leftovers = await keepingTimes(homes, ground, () => tidyUp(journal, options, step));
    return { ...report, warnings: [...report.warnings, ...leftovers] };
  } catch (error) {
    if (journal.state === 'swapping') throw unsettled(journal, error);
    await keepingTimes(homes, ground, () => tidyUp(journal, options));
    throw error;
  }
}

/** Directories that nothing but a work directory came into get the time back that they had. */
async function keepingTimes<T>(homes: readonly Home[], ground: Ground, tidy: () => Promise<T>): Promise<T> {
  const untouched = homes.filter((home) => isUntouched(home, ground));
  const result = await tidy();
  for (const home of untouched) settleTime(home, ground);
  return result;
}

function newJournal({ id, stages, targets, ground }: RestorePlan, project: string): Journal {
  const workDirs = stages.map((each) => each.workDir);
  const isOpened = (place: BytePath) => ground.exists(place) && isClosed(place, ground);
  const places = targets.flatMap(({ place }) =>
    isOpened(parentOf(place)) ? [place, parentOf(place)] : [place],
  );
  return { version: 1, id, project, state: 'staging', workDirs, places, moves: [], attributes: [] };
}

async function stage(journal: Journal, homes: Home[], options: BringInOptions): Promise<ExtractReport> {
  const { reader, step } = options;
  const { targets, stages, ground } = options.plan;
  const [anchor, ...others] = journal.workDirs;
  homes.push(createWorkDir(anchor!, ground));
  step('work directory');
  writeJournal(journal, ground);
  for (const workDir of others) homes.push(createWorkDir(workDir, ground));
  writeMarkers(journal, ground);
  step('extract');
  const report = await extractStages(reader, options.plan, options);
  for (const target of targets) pruneTarget(target, options.plan);
  const apart = relink(options.plan);
  step('flush');
  await syncStages(stages, ground);
  return { ...report, warnings: [...report.warnings, ...apart] };
}

/** Also in the stages of what is mounted inside it. */
function pruneTarget(target: Target, { stages, ground }: RestorePlan): void {
  const inside = stages.flatMap(({ roots }) => roots).filter(({ place }) => isWithin(place, target.place));
  for (const place of new Set([target.place, ...inside.map((root) => root.place)])) {
    const below = relativeTo(place, target);
    const takes = (relative: BytePath): boolean =>
      target.takes([below, relative].filter((part) => part !== '').join('/'));
    pruneStaged(stagedFor(place, stages).staged, takes, ground);
  }
}

/**
 * Swaps the stages in. When a directory cannot be renamed, the next attempt swaps it one level down. What is known of a
 * directory that stays is what the first attempt found: an attempt changes its times, and those of its staged counterpart.
 */
async function swapInto(journal: Journal, options: BringInOptions): Promise<Kept[]> {
  const { targets, stages, mounts, ground } = options.plan;
  const fixed = new Set<BytePath>();
  const found = new Map<BytePath, AttributeChange>();
  for (;;) {
    const { moves, attributes, kept } = planMoves(targets, stages, mounts, ground, fixed);
    for (const change of attributes) if (!found.has(change.place)) found.set(change.place, change);
    Object.assign(journal, { moves, attributes: attributes.map(({ place }) => found.get(place)!) });
    Object.assign(journal, parentsOf(journal, ground));
    try {
      await swap(journal, ground, options.step);
      return kept;
    } catch (error) {
      if (!(error instanceof CannotRename) || fixed.has(error.place)) throw error;
      options.logger.info({ place: displayPath(error.place) }, 'cannot be renamed: swapping what is in it');
      fixed.add(error.place);
    }
  }
}

async function tidyUp(
  journal: Journal,
  { stateDir, plan }: BringInOptions,
  step: StepHook = () => {},
): Promise<ExtractReport['warnings']> {
  const withheld = plan.targets.flatMap((target) => target.withheld);
  const leftovers = await discardWorkDirs(journal, withheld, plan.ground, step);
  if (leftovers.length === 0) removePointer(stateDir, journal.id);
  return leftovers.map((text) => ({
    code: 'leftover',
    message: `could not be removed, the next command tries again: ${text}`,
  }));
}

function unsettled(journal: Journal, error: unknown): BackupError {
  const { why } = toBackupError(error, 'swap');
  return new BackupError('IO', 'The restore failed, and putting the old data back failed too', {
    why,
    hint:
      `Nothing is lost: the old data is in ${journal.workDirs.map((dir) => displayPath(dir)).join(', ')}. ` +
      'Remove the cause; the next command puts it back.',
    cause: error,
  });
}
