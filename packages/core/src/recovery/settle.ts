/** Finds interrupted restores beside the data and settles each: forward once committed, back before. */
import {
  BackupError,
  type BackupPlan,
  type BytePath,
  displayPath,
  type Identity,
  isWorkDirName,
  joinPath,
  type Logger,
  toBytePath,
  WORK_DIR,
} from '@gofr-backup/model';
import { isErrno, isFile, isWithin, parentOf } from '@gofr-backup/posix';
import { Ground } from './ground/ground.ts';
import { anchorOf, type Journal, journalPath, readJournal } from './journal.ts';
import { homesOf, isGone, isThere, readPointers, removePointer } from './pointer.ts';
import { refusedLink, resolvedRoot } from './roots.ts';
import { discardWorkDirs, isEmptyWorkDir, removeEmptyWorkDir, settleTime } from './staging.ts';
import { knowParents } from './ground/parents.ts';
import { bringBack, strayed } from './strayed.ts';
import { damagedJournal, rollBack, type StepHook, type DisplacedEntry } from './swap.ts';
import { openAt } from './ground/work-dir.ts';

export type Settled = 'finished' | 'rolled back' | 'discarded';

export interface SettleScope {
  /** restores of other projects are left alone */
  project: string;
  stateDir: string;
  /** directories that are never removed */
  withheld: readonly Identity[];
}

export interface Interrupted {
  /** the work directory with the journal */
  anchor: BytePath;
  /** where its moves may lead, from the settings and the pointers: never from the journal itself */
  allowed: BytePath[];
  /** a pointer names it: a restore of this backup directory made it */
  known: boolean;
  /** by work directory, from the pointers: the inode number of the directory that it was made in */
  homes: ReadonlyMap<BytePath, string>;
}

/**
 * Work directories of this plan's components, and those that pointers name. Cheap: a few directory listings. A work
 * directory that this user may not enter is a warning: the next command of its own user settles it. No restore goes
 * through a root that is a link, so such a root is not searched.
 */
export function findInterrupted(plan: BackupPlan, stateDir: string, logger: Logger): Interrupted[] {
  const components = plan.components.filter(({ root }) => refusedLink(plan, root) === undefined);
  const roots = components.map(({ root }) => resolvedOrAsIs(plan, root));
  using ground = new Ground();
  const pointers = readPointers(stateDir, ground);
  const workDirsOf = (root: BytePath) => [parentOf(root), root].flatMap((dir) => workDirsIn(dir, ground));
  const pointedTo = pointers.flatMap(({ workDirs }) => workDirs.filter(isInReach(ground, logger)));
  const found = [...roots.flatMap(workDirsOf), ...pointedTo].map((workDir) => anchorOf(workDir, ground));
  const allowed = [...roots, ...pointers.flatMap(({ places }) => places)];
  const pointed = new Set(pointers.flatMap(({ workDirs }) => workDirs));
  const homes = homesOf(pointers);
  return [...new Set(found)].map((anchor) => ({ anchor, allowed, known: pointed.has(anchor), homes }));
}

const isInReach = (ground: Ground, logger: Logger) => (workDir: BytePath) => {
  const there = isThere(workDir, ground);
  if (there === undefined)
    logger.warn(
      { workDir: displayPath(workDir) },
      'a restore of another user is out of reach and left alone',
    );
  return there === true || strayed(workDir, ground) !== undefined;
};

function resolvedOrAsIs(plan: BackupPlan, root: string): BytePath {
  try {
    return resolvedRoot(plan, root);
  } catch {
    return toBytePath(root);
  }
}

/** A link, a file or a FIFO with such a name is the application's: it is neither followed nor removed. */
function workDirsIn(directory: BytePath, ground: Ground): BytePath[] {
  try {
    if (!ground.isDirectory(directory)) return [];
    return ground
      .names(directory)
      .filter(isWorkDirName)
      .map((name) => joinPath(directory, name))
      .filter((path) => ground.isDirectory(path));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return [];
    throw error;
  }
}

type Outcome = { settled: Settled; warnings: string[] } | undefined;

/**
 * Throws PERMISSION when this process may not settle what must be settled, IO when the journal cannot be believed or
 * the old data is not where it should be. A restore that only left directories to remove is at most a warning. So is
 * a work directory that no known restore made, because the application can forge it.
 */
export async function settle(
  interrupted: Interrupted,
  scope: SettleScope,
  logger: Logger,
  step: StepHook = () => {},
): Promise<Outcome> {
  using ground = new Ground();
  try {
    return await settleAnchor(interrupted, scope, ground, logger, step);
  } catch (error) {
    const { anchor, known } = interrupted;
    if (known || isRootsJournal(anchor, ground) || !isRefusal(error)) throw error;
    const workDir = displayPath(anchor);
    const reason = error instanceof BackupError ? error.why : String(error);
    logger.warn({ workDir, reason }, 'it has the name of a restore under way, but none is known: left alone');
    return undefined;
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof BackupError || isErrno(error, 'ENOTDIR', 'ENOENT', 'EISDIR', 'EACCES', 'ELOOP');

/**
 * Whether root owns the journal: a restore by root that could write no pointer. The application is not root and
 * cannot have forged it.
 */
function isRootsJournal(anchor: BytePath, ground: Ground): boolean {
  if (isThere(journalPath(anchor), ground) !== true) return false;
  const journal = ground.lstat(journalPath(anchor));
  return journal !== undefined && isFile(journal) && journal.uid === 0;
}

async function settleAnchor(
  { anchor, allowed, known, homes }: Interrupted,
  scope: SettleScope,
  ground: Ground,
  logger: Logger,
  step: StepHook,
): Promise<Outcome> {
  const { project } = scope;
  if (known) bringBack(anchor, ground);
  const journal = journalOrReason(anchor, homes, ground);
  if (journal === undefined) {
    const problem = known ? undefined : workDirProblem(anchor, idOf(anchor), ground);
    if (problem !== undefined) throw damagedJournal(anchor, `it has no journal and ${problem}`);
    return discardUnbegun(anchor, allowed, scope, ground, logger);
  }
  if (journal.project !== project) {
    logger.warn(
      { workDir: displayPath(anchor), project: journal.project },
      'an interrupted restore of another project was left alone',
    );
    return undefined;
  }
  if (known) for (const workDir of journal.workDirs.slice(1)) bringBack(workDir, ground);
  const ownership = ownershipProblem(journal, allowed, homes, ground);
  if (ownership && journal.state !== 'swapping') {
    logger.warn(
      { workDir: displayPath(anchor), reason: ownership },
      'leftovers of a restore cannot be removed here',
    );
    return undefined;
  }
  if (ownership) throw cannotSettle(anchor, ownership);
  if (journal.state === 'swapping') knowParents(journal, ground);
  return settleJournal(journal, scope, ground, logger, step);
}

async function settleJournal(
  journal: Journal,
  { stateDir, withheld }: SettleScope,
  ground: Ground,
  logger: Logger,
  step: StepHook,
) {
  const settled = {
    staging: 'discarded',
    swapping: 'rolled back',
    committed: 'finished',
    'rolled-back': 'rolled back',
  }[journal.state] as Settled;
  const displaced = journal.state === 'swapping' ? await undo(journal, ground, step) : [];
  step('discard');
  const leftovers = await discardWorkDirs(journal, withheld, ground, step);
  if (leftovers.length === 0) removePointer(stateDir, journal.id);
  const warnings = [...displaced.map(keptText), ...leftovers.map((text) => `could not be removed: ${text}`)];
  logger.warn(
    { workDir: displayPath(journal.workDirs[0]!), settled, warnings },
    'an interrupted restore was settled',
  );
  return { settled, warnings };
}

async function undo(journal: Journal, ground: Ground, step: StepHook): Promise<DisplacedEntry[]> {
  try {
    return await rollBack(journal, ground, step);
  } catch (error) {
    const [workDir] = journal.workDirs as [BytePath];
    if (error instanceof BackupError && error.code === 'FAILED')
      throw damagedJournal(workDir, error.message, journal.workDirs);
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
    throw cannotSettle(workDir, (error as Error).message);
  }
}

/** What is read is in the directory that is settled: it is held from here on. */
function journalOrReason(anchor: BytePath, homes: Interrupted['homes'], ground: Ground): Journal | undefined {
  try {
    if (!ground.exists(anchor))
      throw new Error('the work directory with its journal is missing: is everything mounted?');
    if (!ground.isDirectory(anchor)) throw new Error('it is not a directory');
    ground.hold(anchor, openAt(anchor, ground));
    return readJournal(anchor, ground);
  } catch (error) {
    if (isErrno(error, 'EACCES')) throw cannotSettle(anchor, 'its journal may not be read');
    const why = error instanceof Error ? error.message : String(error);
    const workDirs = [...homes.keys()].filter((workDir) => idOf(workDir) === idOf(anchor));
    throw damagedJournal(anchor, why, workDirs);
  }
}

function discardUnbegun(
  anchor: BytePath,
  allowed: BytePath[],
  { stateDir, withheld }: SettleScope,
  ground: Ground,
  logger: Logger,
) {
  const beside = allowed.some((place) => isWithin(anchor, place) || parentOf(anchor) === parentOf(place));
  if (!beside || !isEmptyWorkDir(anchor, ground))
    throw damagedJournal(anchor, 'it holds data, but no journal');
  try {
    const place = parentOf(anchor);
    const { mtimeNs } = ground.lstat(place)!;
    removeEmptyWorkDir(anchor, withheld, ground);
    settleTime({ place, mtimeNs }, ground);
    removePointer(stateDir, idOf(anchor));
  } catch (error) {
    logger.warn(
      { workDir: displayPath(anchor), err: error },
      'an empty work directory of a restore could not be removed',
    );
    return undefined;
  }
  return { settled: 'discarded' as const, warnings: [] };
}

/**
 * Why a journal must not be carried out; undefined when it may be. The application may write into its data directory
 * and could forge a journal that root would carry out. So the journal must belong to this user, its paths must lie
 * where this plan's restores write, and no path may lead through a link.
 */
function ownershipProblem(
  journal: Journal,
  allowed: BytePath[],
  homes: Interrupted['homes'],
  ground: Ground,
): string | undefined {
  for (const workDir of journal.workDirs) {
    if (journal.state !== 'swapping' && isGone(workDir, homes.get(workDir), ground)) continue;
    const problem = ground.exists(workDir)
      ? workDirProblem(workDir, journal.id, ground)
      : 'is missing: is everything mounted?';
    if (problem !== undefined) return `${displayPath(workDir)} ${problem}`;
  }
  const astray = journal.places.find((place) => !allowed.some((root) => isWithin(place, root)));
  if (astray) return `${displayPath(astray)} is no place that is restored here`;
  return linkedParent(journal, ground);
}

/** It is held when it is right: nothing takes its place after it was looked at. */
function workDirProblem(workDir: BytePath, id: string, ground: Ground): string | undefined {
  if (!ground.isDirectory(workDir) || idOf(workDir) !== id) return 'is no work directory';
  if (!ground.isHeld(workDir)) ground.hold(workDir, openAt(workDir, ground));
  const own = process.geteuid?.() ?? 0;
  const { uid, mode } = ground.directory(workDir).stat();
  if (uid !== own) return `was made by uid ${uid}, this is uid ${own}`;
  return mode & 0o022 ? 'may be written by others' : undefined;
}

function linkedParent(journal: Journal, ground: Ground): string | undefined {
  const parents = new Set([...journal.moves, ...journal.attributes].map(({ place }) => parentOf(place)));
  for (const parent of parents)
    try {
      ground.directory(parent);
    } catch (error) {
      if (error instanceof BackupError) return `${displayPath(parent)} leads through a link`;
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  return undefined;
}

const baseName = (path: BytePath): BytePath => path.slice(path.lastIndexOf('/') + 1);

/** Empty: it is not called as a work directory is. */
const idOf = (workDir: BytePath): string => WORK_DIR.exec(baseName(workDir))?.[1] ?? '';

function keptText({ place, keptAt }: DisplacedEntry): string {
  return `${displayPath(place)} had been written again meanwhile; that was kept as ${displayPath(keptAt)}`;
}

function cannotSettle(anchor: BytePath, why: string): BackupError {
  return new BackupError(
    'PERMISSION',
    `A restore was interrupted in ${displayPath(parentOf(anchor))} and is not settled`,
    {
      why,
      hint:
        'The data there is between old and new. Run a command as the user who restored, with the data mounted ' +
        'writable: `gofr-backup restore --dry-run`, or with compose `docker-compose run --rm restore --dry-run`.',
    },
  );
}
