/** Is the data safe, since when, until when, what is wrong: decided here and nowhere else, for the page, `status` and the metrics. */
import { formatDate, formatSize, formatSpan, formatNear, DAY, type StoreState } from '@gofr-backup/model';
import type { Dated, Survey } from './survey.ts';
import type { Forecast } from './forecast.ts';
import type { StoreProblem } from './store-problems.ts';

/** safe: nothing to do; attention: safe today, but something needs a person; danger: a restore today would lose data. */
export type Level = 'safe' | 'attention' | 'danger';

export interface SafetyProblem {
  level: 'attention' | 'danger';
  /** permanent word for scripts, e.g. `overdue` */
  code: string;
  text: string;
  todo: string;
  /** page of this dashboard that shows more, relative to its root */
  page?: string;
}

/** How the last finished run of an operation ended. */
export interface LastRun {
  operation: string;
  jobId: string;
  ok: boolean;
  at: number;
  reason?: string;
}

export interface SafetyFacts {
  now: number;
  timezone: string;
  /** the newest good backup may be this old, in milliseconds */
  maxAge: number;
  scheduleEnabled: boolean;
  /** when a scheduler has it run next; undefined: none has */
  nextRun: number | undefined;
  /** components of the newest good backup whose directories are gone; undefined: nobody has looked */
  gone: readonly string[] | undefined;
  missed: readonly number[];
  /** undefined: Redis does not answer */
  lastRuns: readonly LastRun[] | undefined;
  /** undefined: unknown, Redis does not answer */
  workers: number | undefined;
  /** queues whose jobs do not begin: `backup`, `copies` */
  paused?: readonly string[];
  disk: { free: number; forecast: Forecast } | undefined;
  minFree: number;
  /** off-site copies, and what is wrong with them; absent: there is no store */
  copies?: readonly { state: StoreState; problems: readonly StoreProblem[] }[];
  /** components whose data lies on the file system of the backups */
  sharedDisk?: readonly string[];
  /** a drill older than this is worth a reminder, in milliseconds */
  maxDrillAge: number;
}

export interface Safety {
  level: Level;
  /** a few words: `Your data is safe` */
  headline: string;
  /** the state in one sentence */
  sentence: string;
  problems: SafetyProblem[];
  newestGood: Dated | undefined;
  /** when the newest good backup becomes too old */
  goodUntil: number | undefined;
}

export function safety(survey: Survey, facts: SafetyFacts): Safety {
  const problems = [
    ...freshness(survey, facts),
    ...data(facts),
    ...damage(survey),
    ...runs(facts),
    ...drills(survey, facts),
    ...services(facts),
    ...room(facts),
    ...copyProblems(facts),
  ].sort((a, b) => Number(b.level === 'danger') - Number(a.level === 'danger'));
  const level = problems.some((p) => p.level === 'danger')
    ? 'danger'
    : problems.length > 0
      ? 'attention'
      : 'safe';
  const newestGood = survey.newestGood;
  const goodUntil = newestGood && newestGood.at + facts.maxAge;
  return { level, ...words(level, survey, facts, problems.length), problems, newestGood, goodUntil };
}

function words(
  level: Level,
  survey: Survey,
  facts: SafetyFacts,
  problems: number,
): { headline: string; sentence: string } {
  const { newestGood } = survey;
  const { now, timezone } = facts;
  if (newestGood === undefined) {
    const headline = survey.all.length === 0 ? 'There is no backup yet' : 'No backup has been verified';
    return {
      headline,
      sentence: `There is nothing to restore from if the data is lost now.${coming(facts)}`,
    };
  }
  const since = `Everything up to ${formatNear(newestGood.at, now, timezone)} can be restored from a verified backup`;
  const age = `${formatSpan(now - newestGood.at)} old`;
  if (level === 'safe') {
    return {
      headline: 'Your data is safe',
      sentence: `${since}, ${age}.${elsewhere(facts)}${coming(facts)}`,
    };
  }
  if (level === 'attention') {
    const needs = problems === 1 ? 'one thing needs' : `${problems} things need`;
    return {
      headline: `Your data is safe, but ${needs} attention`,
      sentence: `${since}, ${age}.${elsewhere(facts)}${coming(facts)}`,
    };
  }
  const headline =
    now - newestGood.at > facts.maxAge
      ? 'Your newest verified backup is too old'
      : 'Your backups need attention now';
  return { headline, sentence: `${since}, ${age}; changes since then would be lost.${coming(facts)}` };
}

const drilledText = (iso: string | undefined, timezone: string): string =>
  iso === undefined ? '' : `, drilled on ${formatDate(Date.parse(iso), timezone)}`;

/** Where else the data lies. */
function elsewhere({ copies = [], sharedDisk = [], now, timezone }: SafetyFacts): string {
  const onlyHere =
    sharedDisk.length === 0 ? '' : ' The only copy lies on the disk of the data, and would be lost with it.';
  if (copies.length === 0) return onlyHere;
  const there = copies.flatMap(({ state: { store, newest, drilled_at } }) => {
    const made = Date.parse(newest?.created_at ?? '');
    return Number.isNaN(made)
      ? []
      : [`${store} (newest there ${formatSpan(now - made)} old${drilledText(drilled_at, timezone)})`];
  });
  return there.length === 0
    ? ` No copy lies elsewhere yet.${onlyHere}`
    : ` Copies: here and ${there.join(' and ')}.`;
}

/** The data itself is safe here: a copy that is wanting needs a person, and is no danger yet. */
const copyProblems = ({ copies = [] }: SafetyFacts): SafetyProblem[] =>
  copies.flatMap(({ problems }) =>
    problems.map(({ code, text, todo }) => ({ level: 'attention' as const, code, text, todo })),
  );

function coming(facts: SafetyFacts): string {
  if (!facts.scheduleEnabled) return ' Nothing is scheduled.';
  if (facts.lastRuns === undefined) return ' Whether the next one will run is not known.';
  if (facts.paused?.includes('backup')) return ' No next one begins while the queue is paused.';
  if (facts.nextRun === undefined) return ' No next one is scheduled: no scheduler runs.';
  return ` The next backup runs ${formatNear(facts.nextRun, facts.now, facts.timezone)}.`;
}

function freshness({ newestGood, all }: Survey, facts: SafetyFacts): SafetyProblem[] {
  if (newestGood === undefined) {
    const todo = all.length === 0 ? 'Make one with “Back up now”.' : 'Verify a backup, or make a new one.';
    return [{ level: 'danger', code: 'no-good-backup', text: 'There is no verified backup.', todo }];
  }
  const problems: SafetyProblem[] = [];
  const age = facts.now - newestGood.at;
  if (age > facts.maxAge) {
    const text = `The newest verified backup is ${formatSpan(age)} old; the limit is ${formatSpan(facts.maxAge)}.`;
    const todo = 'Back up now, then look at the recent jobs for why the schedule did not.';
    problems.push({ level: 'danger', code: 'overdue', text, todo, page: 'jobs' });
  }
  const last = facts.missed.at(-1);
  if (last !== undefined) {
    const count = facts.missed.length;
    const text = `${count === 1 ? 'One scheduled run' : `${count} scheduled runs`} made no backup, last ${formatNear(last, facts.now, facts.timezone)}.`;
    const todo = 'Check that scheduler and worker were running then.';
    // A run missed weeks ago needs no action.
    if (facts.now - last < 7 * DAY)
      problems.push({ level: 'attention', code: 'missed', text, todo, page: 'jobs' });
  }
  return problems;
}

/** What is gone is in no new backup, and the old ones go with time. */
function data({ gone = [] }: SafetyFacts): SafetyProblem[] {
  if (gone.length === 0) return [];
  const text = `The data of ${gone.join(', ')} is gone: ${gone.length === 1 ? 'its directory does' : 'their directories do'} not exist.`;
  const todo = 'Check that the volume is mounted. If it is lost, restore the newest good backup.';
  return [{ level: 'danger', code: 'data-gone', text, todo }];
}

function damage({ corrupt, newest, newestGood, future }: Survey): SafetyProblem[] {
  const problems: SafetyProblem[] = [];
  const ahead = future[0];
  if (ahead) problems.push(datedAhead(ahead, future.length));
  const worst = corrupt[0];
  if (worst) {
    const names = corrupt.slice(0, 3).map(({ entry }) => entry.filename);
    const more = corrupt.length > names.length ? `, and ${corrupt.length - names.length} more` : '';
    const text =
      corrupt.length === 1
        ? `${worst.entry.filename} is damaged.`
        : `${corrupt.length} backups are damaged: ${names.join(', ')}${more}.`;
    const todo =
      'Use another one, and check the disk. What is right of a damaged one comes out with restore --salvage.';
    problems.push({
      level: 'attention',
      code: 'corrupt',
      text,
      todo,
      page: backupPage(worst),
    });
  }
  if (newest?.entry.status === 'incomplete' && newest !== newestGood) {
    const text = `The newest backup, ${newest.entry.filename}, lacks files that could not be read.`;
    const todo = 'Its warnings name the files; let the worker run as the user who owns them.';
    problems.push({
      level: 'attention',
      code: 'incomplete',
      text,
      todo,
      page: backupPage(newest),
    });
  }
  return problems;
}

const backupPage = ({ entry }: Pick<Dated, 'entry'>): string =>
  `backups/${encodeURIComponent(entry.filename)}`;

function datedAhead(ahead: Pick<Dated, 'entry'>, count: number): SafetyProblem {
  const { entry } = ahead;
  const others = count > 1 ? ` and ${count - 1} more` : '';
  const text = `${entry.filename}${others} ${count > 1 ? 'are' : 'is'} dated in the future.`;
  const todo = 'Look at the clock of this host. Until then it counts for nothing, and it is never pruned.';
  return { level: 'attention', code: 'future', text, todo, page: backupPage(ahead) };
}

/** By what is known of the backup, and of the store. */
const TOLD_ELSEWHERE = new Set(['drill', 'copy']);

function runs(facts: SafetyFacts): SafetyProblem[] {
  return (facts.lastRuns ?? [])
    .filter((run) => !run.ok && !TOLD_ELSEWHERE.has(run.operation))
    .map((run) => ({
      level: 'attention',
      code: 'failed',
      text: `The last ${run.operation} failed ${formatNear(run.at, facts.now, facts.timezone)}${run.reason ? `: ${run.reason}` : '.'}`,
      todo: 'Its log says why.',
      page: `jobs/${encodeURIComponent(run.jobId)}`,
    }));
}

function drills({ lastDrill, newestGood }: Survey, facts: SafetyFacts): SafetyProblem[] {
  if (lastDrill && !lastDrill.ok) {
    const text = `The last restore drill failed: ${lastDrill.entry.filename} did not come back as it was.`;
    const todo = 'Run a drill on another backup and look at its log.';
    const page = backupPage(lastDrill);
    return [{ level: 'danger', code: 'drill-failed', text, todo, page }];
  }
  if (newestGood === undefined || (lastDrill && facts.now - lastDrill.at <= facts.maxDrillAge)) return [];
  if (lastDrill === undefined) return [];
  const text = `The last restore drill was ${formatSpan(facts.now - lastDrill.at)} ago.`;
  return [{ level: 'attention', code: 'drill-old', text, todo: 'Run a drill on the newest backup.' }];
}

function services(facts: SafetyFacts): SafetyProblem[] {
  const problems: SafetyProblem[] = [];
  if (facts.lastRuns === undefined) {
    const text = 'The queue does not answer, so nothing can be started and running jobs cannot be seen.';
    problems.push({
      level: 'attention',
      code: 'queue-down',
      text,
      todo: 'Start “gofr-backup serve”, or check REDIS_URL and that Redis runs.',
    });
  } else if (facts.workers === 0) {
    const text = 'No worker is connected, so nothing that is asked for will run.';
    problems.push({
      level: 'attention',
      code: 'no-worker',
      text,
      todo: 'Start the worker, or “gofr-backup serve”.',
    });
  }
  if (facts.paused?.length) problems.push(pausedProblem(facts.paused));
  if (facts.scheduleEnabled && facts.lastRuns !== undefined && facts.nextRun === undefined)
    problems.push({
      level: 'attention',
      code: 'no-scheduler',
      text: 'No scheduler has set up the schedule, so no backup runs by itself.',
      todo: 'Start the scheduler, or “gofr-backup serve”.',
    });
  if (!facts.scheduleEnabled) {
    const todo = 'Set ENABLED=true to schedule backups again.';
    problems.push({
      level: 'attention',
      code: 'disabled',
      text: 'Scheduled backups are switched off.',
      todo,
    });
  }
  return problems;
}

const pausedProblem = (paused: readonly string[]): SafetyProblem => ({
  level: 'attention',
  code: 'paused',
  text: paused.includes('backup')
    ? 'The queue is paused, so no backup begins, neither by schedule nor by hand.'
    : 'The queue of copies is paused, so nothing is copied to the stores.',
  todo: 'Resume it with `gofr-backup resume`, or here.',
});

function room({ disk, minFree }: SafetyFacts): SafetyProblem[] {
  if (disk === undefined) return [];
  const todo = 'Free space there, or lower RETENTION_DAYS or MAX_COUNT.';
  if (disk.free < minFree || disk.forecast.usedShare > 0.97) {
    const text = `The backup disk is nearly full: ${formatSize(disk.free)} free.`;
    return [{ level: 'attention', code: 'disk-nearly-full', text, todo }];
  }
  const { daysLeft } = disk.forecast;
  if (daysLeft === undefined || daysLeft > 14) return [];
  const text = `At the present rate the backup disk is full in ${formatSpan(daysLeft * DAY)}.`;
  return [{ level: 'attention', code: 'disk-filling', text, todo }];
}
