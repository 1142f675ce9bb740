import {
  describeRestore,
  restore,
  type RestoreDescription,
  type RestoreHow,
  type RestoreTarget,
  show,
} from '@gofr-backup/core';
import {
  BackupError,
  ERRORS,
  formatCount,
  formatSize,
  formatTimestamp,
  momentOf,
  type RestoreOutcome,
  type RestoreRequest,
} from '@gofr-backup/model';
import { chooseRestore } from '../choose.ts';
import { confirm } from '../confirm.ts';
import { absolutePath, archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { undoOf } from '../undo.ts';
import { performOrFallBack } from '../queue/work.ts';
import { columns } from '../columns.ts';

export interface RestoreOptions {
  latest?: boolean;
  before?: string;
  interactive?: boolean;
  only?: string[];
  path?: string[];
  to?: string;
  merge?: boolean;
  trustModes?: boolean;
  salvage?: boolean;
  dryRun?: boolean;
  safetyBackup: boolean;
  yes?: boolean;
  here?: boolean;
}

/** `how`: of a backup that comes from a store. */
export async function run(
  session: Session,
  [name]: string[],
  options: RestoreOptions,
  how: Pick<RestoreHow, 'arriving'> = {},
): Promise<number> {
  const which = await chosenBackup(session, name, options);
  const request: RestoreRequest = { ...requestOf(options), ...which };
  const description = await describeRestore(session.context('restore'), request, how);
  request.backup = description.backup.filename;
  explain(session, description, options);
  session.expect(description.backup);
  if (options.yes !== true && !options.dryRun && overwrites(description)) await confirm(session, 'restore');
  const outcome = await performOrFallBack(session, 'restore', request, {
    here: options.here === true,
    inProcess: () => restore(session.context('restore'), request, how),
  });
  const undo = options.dryRun ? undefined : await undoOf(session, request, description, outcome);
  session.answer({ ...outcome, ...(undo?.command && { undo: undo.command }) }, [
    ...render(session, outcome, options),
    ...(undo ? [undo.line] : []),
  ]);
  return outcome.lost?.length ? ERRORS.ARCHIVE_DAMAGED.exit : 0;
}

async function chosenBackup(
  session: Session,
  name: string | undefined,
  { latest, before, interactive }: RestoreOptions,
): Promise<Pick<RestoreRequest, 'backup' | 'only'>> {
  const said = [name !== undefined, latest ?? before !== undefined, interactive].filter(Boolean).length;
  if (said !== 1) {
    throw new BackupError(
      'USAGE',
      said === 0 ? 'Say which backup to restore' : 'Choose only one backup to restore',
      {
        why: 'a restore takes exactly one of NAME, --latest, --before TIME and --interactive',
        hint: 'See the names with `gofr-backup list`, or choose with `gofr-backup restore --interactive`.',
      },
    );
  }
  if (before !== undefined) return { backup: await newestBefore(session, before) };
  return interactive ? chooseRestore(session) : { backup: name ?? 'latest' };
}

const newestBefore = async (session: Session, time: string): Promise<string> =>
  (await show(session.context('restore'), 'latest', { before: timeOf(session, time) })).filename;

/** Milliseconds since the epoch. Throws USAGE. */
export function timeOf({ settings: { timezone } }: Session, time: string): number {
  const before = momentOf(time, timezone);
  if (before !== undefined) return before;
  throw new BackupError('USAGE', `${JSON.stringify(time)} is not a time`, {
    why: `--before takes a time in ${timezone}, or one that names its zone`,
    hint: 'Write it as 2025-12-13, "2025-12-13 02:00" or 2025-12-13T02:00:00Z.',
  });
}

/** Relative directories count from this command's working directory, not from a worker's. */
function requestOf(options: RestoreOptions): Omit<RestoreRequest, 'backup'> {
  return {
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.path === undefined ? {} : { paths: options.path.map(archivePath) }),
    ...(options.to === undefined ? {} : { to: absolutePath(options.to) }),
    ...(options.merge ? { merge: true } : {}),
    ...(options.trustModes ? { trustModes: true } : {}),
    ...(options.salvage ? { salvage: true } : {}),
    ...(options.dryRun ? { dryRun: true } : {}),
    ...(options.safetyBackup ? {} : { safetyBackup: false }),
  };
}

/** A directory that is not there yet can be filled without asking; a component is always asked about. */
const overwrites = ({ targets }: RestoreDescription): boolean =>
  targets.some(({ components, effect }) => components.length > 0 || effect !== 'create');

const EFFECT: Record<RestoreTarget['effect'], string> = {
  replace: 'replaced:',
  'lay-over': 'written over:',
  create: 'created:',
};

function explain(
  session: Session,
  { backup, targets, warnings }: RestoreDescription,
  options: RestoreOptions,
): void {
  const { colours, note } = session;
  note(
    `Restoring ${colours.bold(backup.filename)} (${formatTimestamp(backup.timestamp)}, ${formatSize(backup.size_bytes)})`,
  );
  const rows = targets.map(({ effect, place, present, components }) => [
    `  ${EFFECT[effect]}`,
    place,
    effect === 'create'
      ? 'not there now'
      : `now ${formatCount(present.files, 'file')}, ${formatSize(present.bytes)}`,
    components.join(', '),
  ]);
  for (const line of columns(rows)) note(line.trimEnd());
  for (const warning of warnings) note(`${colours.warn('warning:')} ${warning}`);
  if (options.dryRun || options.to !== undefined) return;
  note(stopFirst(session.settings.project));
  if (!options.safetyBackup) note(colours.warn('No safety backup of the present state will be made.'));
}

/** Which services use the data is known of plot alone. */
const stopFirst = (project: string): string =>
  project === 'plot'
    ? 'Stop the services that use this data first: docker-compose stop mcp mcpo web'
    : 'Stop the services that use this data first (docker-compose stop …)';

function render({ paint }: Session, outcome: RestoreOutcome, options: RestoreOptions): string[] {
  const { changes } = outcome;
  const what = `${formatCount(outcome.files, 'file')}, ${formatSize(outcome.bytes)}`;
  const lines = options.dryRun
    ? [`Nothing was written. ${outcome.backup} holds ${what}.`]
    : [`${paint.good('✓')} ${outcome.backup}: restored ${what} into ${outcome.target}`];
  if (outcome.safety_backup !== null) lines.push(`  the state before it: ${outcome.safety_backup}`);
  if (changes) {
    const rows = Object.entries(changes).map(([change, { files, bytes }]) => [
      `  ${change}`,
      formatCount(files, 'file'),
      formatSize(bytes),
    ]);
    lines.push(...columns(rows));
  }
  lines.push(...lostLines(paint, outcome));
  lines.push(...(outcome.warnings ?? []).map((warning) => `  ${paint.warn('warning:')} ${warning}`));
  return lines;
}

/** What a salvage could not bring. */
function lostLines({ bad }: Session['paint'], { lost }: RestoreOutcome): string[] {
  if (lost === undefined) return [];
  if (lost.length === 0) return ['  Nothing of this backup is damaged.'];
  return [
    `  ${bad(`${formatCount(lost.length, 'file')} did not prove right:`)}`,
    ...lost.map((one) => `    ${one}`),
  ];
}
