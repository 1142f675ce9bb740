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
import {
  exists,
  isErrno,
  isWithin,
  lstatIfPresent,
  namesIn,
  parentOf,
  realPath,
  removeTree,
} from '@gofr-backup/posix';
import { anchorOf, type Journal, journalPath, readJournal } from './journal.ts';
import { resolvePlace } from './place.ts';
import { isThere, readPointers, removePointer } from './pointer.ts';
import { refusedLink } from './roots.ts';
import { discardWorkDirs, isEmptyWorkDir } from './staging.ts';
import { damagedJournal, rollBack, type StepHook, type DisplacedEntry } from './swap.ts';

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
}

/**
 * Work directories of this plan's components, and those that pointers name. Cheap: a few directory listings. A work
 * directory that this user may not enter is a warning: the next command of its own user settles it. No restore goes
 * through a root that is a link, so such a root is not searched.
 */
export function findInterrupted(plan: BackupPlan, stateDir: string, logger: Logger): Interrupted[] {
  const components = plan.components.filter(({ root }) => refusedLink(plan, root) === undefined);
  const roots = components.map(({ root }) => resolvedOrAsIs(toBytePath(root)));
  const pointers = readPointers(stateDir);
  const beside = roots.flatMap((root) => [...workDirsIn(parentOf(root)), ...workDirsIn(root)]);
  const found = [...beside, ...pointers.flatMap(({ workDirs }) => workDirs.filter(isInReach(logger)))];
  const allowed = [...roots, ...pointers.flatMap(({ places }) => places)];
  const pointed = new Set(pointers.flatMap(({ workDirs }) => workDirs));
  return [...new Set(found.map(anchorOf))].map((anchor) => ({ anchor, allowed, known: pointed.has(anchor) }));
}

const isInReach = (logger: Logger) => (workDir: BytePath) => {
  const there = isThere(workDir);
  if (there === undefined)
    logger.warn(
      { workDir: displayPath(workDir) },
      'a restore of another user is out of reach and left alone',
    );
  return there === true;
};

function resolvedOrAsIs(root: BytePath): BytePath {
  try {
    return resolvePlace(root);
  } catch {
    return root;
  }
}

function workDirsIn(directory: BytePath): BytePath[] {
  try {
    return namesIn(directory)
      .filter(isWorkDirName)
      .map((name) => joinPath(directory, name))
      .filter(isRealDirectory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
}

/** A link, a file or a FIFO with such a name is the application's: it is neither followed nor removed. */
const isRealDirectory = (path: BytePath): boolean => lstatIfPresent(path)?.isDirectory() === true;

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
  try {
    return await settleAnchor(interrupted, scope, logger, step);
  } catch (error) {
    const { anchor, known } = interrupted;
    if (known || isRootsJournal(anchor) || !isRefusal(error)) throw error;
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
function isRootsJournal(anchor: BytePath): boolean {
  if (!isRealDirectory(anchor) || isThere(journalPath(anchor)) !== true) return false;
  const journal = lstatIfPresent(journalPath(anchor));
  return journal?.isFile() === true && journal.uid === 0n;
}

async function settleAnchor(
  { anchor, allowed }: Interrupted,
  { project, stateDir, withheld }: SettleScope,
  logger: Logger,
  step: StepHook,
): Promise<Outcome> {
  const journal = journalOrReason(anchor);
  if (journal === undefined) return discardUnbegun(anchor, allowed, stateDir, logger);
  if (journal.project !== project) {
    logger.warn(
      { workDir: displayPath(anchor), project: journal.project },
      'an interrupted restore of another project was left alone',
    );
    return undefined;
  }
  const ownership = ownershipProblem(journal, allowed);
  if (ownership && journal.state !== 'swapping') {
    logger.warn(
      { workDir: displayPath(anchor), reason: ownership },
      'leftovers of a restore cannot be removed here',
    );
    return undefined;
  }
  if (ownership) throw cannotSettle(anchor, ownership);
  return settleJournal(journal, stateDir, withheld, logger, step);
}

async function settleJournal(
  journal: Journal,
  stateDir: string,
  withheld: readonly Identity[],
  logger: Logger,
  step: StepHook,
) {
  const settled = {
    staging: 'discarded',
    swapping: 'rolled back',
    committed: 'finished',
    'rolled-back': 'rolled back',
  }[journal.state] as Settled;
  const displaced = journal.state === 'swapping' ? await undo(journal, step) : [];
  step('discard');
  const leftovers = await discardWorkDirs(journal, withheld, step);
  if (leftovers.length === 0) removePointer(stateDir, journal.id);
  const warnings = [...displaced.map(keptText), ...leftovers.map((text) => `could not be removed: ${text}`)];
  logger.warn(
    { workDir: displayPath(journal.workDirs[0]!), settled, warnings },
    'an interrupted restore was settled',
  );
  return { settled, warnings };
}

async function undo(journal: Journal, step: StepHook): Promise<DisplacedEntry[]> {
  try {
    return await rollBack(journal, step);
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error;
    throw cannotSettle(journal.workDirs[0]!, (error as Error).message);
  }
}

function journalOrReason(anchor: BytePath): Journal | undefined {
  try {
    if (!exists(anchor))
      throw new Error('the work directory with its journal is missing: is everything mounted?');
    if (!isRealDirectory(anchor)) throw new Error('it is not a directory');
    return readJournal(anchor);
  } catch (error) {
    if (isErrno(error, 'EACCES')) throw cannotSettle(anchor, 'its journal may not be read');
    throw damagedJournal(anchor, error instanceof Error ? error.message : String(error));
  }
}

async function discardUnbegun(anchor: BytePath, allowed: BytePath[], stateDir: string, logger: Logger) {
  const beside = allowed.some((place) => isWithin(anchor, place) || parentOf(anchor) === parentOf(place));
  if (!beside || !isEmptyWorkDir(anchor)) throw damagedJournal(anchor, 'it holds data, but no journal');
  try {
    await removeTree(anchor);
    removePointer(stateDir, WORK_DIR.exec(baseName(anchor))![1]!);
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
function ownershipProblem(journal: Journal, allowed: BytePath[]): string | undefined {
  const uid = process.geteuid?.() ?? 0;
  for (const workDir of journal.workDirs) {
    const stat = lstatIfPresent(workDir);
    if (!stat) {
      if (exists(parentOf(workDir)) && journal.state !== 'swapping') continue;
      return `${displayPath(workDir)} is missing: is everything mounted?`;
    }
    if (!stat.isDirectory() || WORK_DIR.exec(baseName(workDir))?.[1] !== journal.id)
      return `${displayPath(workDir)} is no work directory`;
    if (Number(stat.uid) !== uid)
      return `${displayPath(workDir)} was made by uid ${stat.uid}, this is uid ${uid}`;
    if (Number(stat.mode) & 0o022) return `${displayPath(workDir)} may be written by others`;
  }
  const astray = journal.places.find((place) => !allowed.some((root) => isWithin(place, root)));
  if (astray) return `${displayPath(astray)} is no place that is restored here`;
  return linkedParent(journal);
}

function linkedParent(journal: Journal): string | undefined {
  const parents = new Set([...journal.moves, ...journal.attributes].map(({ place }) => parentOf(place)));
  for (const parent of parents)
    if (exists(parent) && realPath(parent) !== parent) return `${displayPath(parent)} leads through a link`;
  return undefined;
}

const baseName = (path: BytePath): BytePath => path.slice(path.lastIndexOf('/') + 1);

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
