/** Stages the targets and swaps them in: the part of a restore that changes data. */
import { randomBytes } from 'node:crypto';
import type { ArchiveReader, ExtractReport } from '@gofr-backup/archive';
import { BackupError, type BytePath, displayPath, type Ports, toBackupError } from '@gofr-backup/model';
import { type Journal, writeJournal, writeMarkers } from './journal.ts';
import { type Kept, withoutKept } from './kept.ts';
import { type MountTable } from './mounts.ts';
import { planMoves } from './moves.ts';
import { removePointer, writePointer } from './pointer.ts';
import {
  createWorkDir,
  discardWorkDirs,
  extractStages,
  layStages,
  pruneStaged,
  type Stage,
  stagedFor,
  syncStages,
} from './staging.ts';
import { CannotRename, type StepHook, swap } from './swap.ts';
import { assertUnmoved, type Target } from './target.ts';

export interface BringInOptions extends Ports {
  reader: ArchiveReader;
  targets: Target[];
  mounts: MountTable;
  project: string;
  stateDir: string;
  /** throws when the lock was lost */
  checkLock(): Promise<void>;
  step: StepHook;
}

/** All targets become new, or (on any error) none. Answers what could not be tidied up among the warnings. */
export async function bringIn(options: BringInOptions): Promise<ExtractReport> {
  const { targets, mounts, project, stateDir, step } = options;
  const id = randomBytes(8).toString('hex');
  const stages = layStages(targets, mounts, id);
  const journal = newJournal(id, project, stages, targets);
  writePointer(stateDir, journal);
  try {
    const staged = await stage(journal, stages, options);
    options.signal.throwIfAborted();
    await options.checkLock();
    assertUnmoved(targets);
    const report = withoutKept(staged, await swapInto(journal, stages, options));
    step('tidy');
    const leftovers = await tidyUp(journal, options, step);
    return { ...report, warnings: [...report.warnings, ...leftovers] };
  } catch (error) {
    if (journal.state === 'swapping') throw unsettled(journal, error);
    await tidyUp(journal, options);
    throw error;
  }
}

function newJournal(id: string, project: string, stages: Stage[], targets: Target[]): Journal {
  const workDirs = stages.map((each) => each.workDir);
  const places = targets.map((target) => target.place);
  return { version: 1, id, project, state: 'staging', workDirs, places, moves: [], attributes: [] };
}

async function stage(journal: Journal, stages: Stage[], options: BringInOptions): Promise<ExtractReport> {
  const { reader, targets, step } = options;
  const [anchor, ...others] = journal.workDirs;
  createWorkDir(anchor!);
  step('work directory');
  writeJournal(journal);
  others.forEach(createWorkDir);
  writeMarkers(journal);
  step('extract');
  const report = await extractStages(reader, stages, options);
  for (const target of targets) pruneStaged(stagedFor(target.place, stages).staged, target.takes);
  step('flush');
  await syncStages(stages);
  return report;
}

/** A directory that turns out not to be renamable is swapped one level down in the next attempt. */
async function swapInto(journal: Journal, stages: Stage[], options: BringInOptions): Promise<Kept[]> {
  const fixed = new Set<BytePath>();
  for (;;) {
    const { moves, attributes, kept } = planMoves(options.targets, stages, options.mounts, fixed);
    Object.assign(journal, { moves, attributes });
    try {
      await swap(journal, options.step);
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
  { stateDir, targets }: BringInOptions,
  step: StepHook = () => {},
): Promise<ExtractReport['warnings']> {
  const withheld = targets.flatMap((target) => target.withheld);
  const leftovers = await discardWorkDirs(journal, withheld, step);
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
