/** What is wrong with the copies in a store, as far as this host knows without asking it. One judgement for alerts, `status` and `doctor`. */
import { DAY, formatCount, formatSpan, formatTime, isFutureTime, type StoreState } from '@gofr-backup/model';

export interface StoreProblem {
  code:
    'copy-failed' | 'copy-overdue' | 'copy-damaged' | 'copy-drill-failed' | 'copy-lock-ends' | 'key-unproved';
  title: string;
  text: string;
  /** what to do */
  todo: string;
}

export interface StoreLimits {
  now: number;
  timezone: string;
  /** the newest copy may be this old, in ms */
  maxAge: number;
  /** since when a copy could have been made, ms since the epoch: nothing before it counts as late */
  since: number;
}

type Judge = (state: StoreState, limits: StoreLimits) => StoreProblem | undefined;

/** How long a recovery key may go without a proof after the first copy. */
const PROOF_DUE = 7 * DAY;

const JUDGES: Judge[] = [failed, overdue, damaged, undrilled, unlocked, unproved];

export const storeProblems = (state: StoreState, limits: StoreLimits): StoreProblem[] =>
  JUDGES.map((judge) => judge(state, limits)).filter((problem) => problem !== undefined);

function failed(
  { store, failure, tried_at }: StoreState,
  { timezone }: StoreLimits,
): StoreProblem | undefined {
  if (!failure) return undefined;
  return {
    code: 'copy-failed',
    title: `copying to ${store} failed`,
    text: `${timeText(tried_at, timezone)}: ${failure.message}${failure.why === '' ? '' : `: ${failure.why}`}.`,
    todo: failure.hint,
  };
}

function overdue({ store, newest }: StoreState, limits: StoreLimits): StoreProblem | undefined {
  const { now, maxAge, since, timezone } = limits;
  const made = Date.parse(newest?.created_at ?? '');
  const from = Number.isNaN(made) || isFutureTime(made, now) ? since : made;
  if (now - from <= maxAge) return undefined;
  return {
    code: 'copy-overdue',
    title: `no copy in ${store} in time`,
    text: `The newest copy in ${store} is of a backup from ${timeText(newest?.created_at, timezone)}; it should be at most ${formatSpan(maxAge)} old.`,
    todo: `Look at the worker's log, or try it: \`gofr-backup copy --store ${store}\`.`,
  };
}

function damaged({ store, checked }: StoreState): StoreProblem | undefined {
  const [first, ...more] = checked?.problems ?? [];
  if (first === undefined) return undefined;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return {
    code: 'copy-damaged',
    title: `a copy in ${store} is damaged`,
    text: `${first}${others}.`,
    todo: `Find out who or what changed the store. \`gofr-backup copy --store ${store} --all\` sends again what is still here.`,
  };
}

/** One that went well later, perhaps by hand, takes it back. */
function undrilled(
  { store, drill, drilled_at }: StoreState,
  { timezone }: StoreLimits,
): StoreProblem | undefined {
  if (drill === undefined || drill.ok || Date.parse(drilled_at ?? '') > Date.parse(drill.at))
    return undefined;
  return {
    code: 'copy-drill-failed',
    title: `a drill of a copy in ${store} failed`,
    text: `${drill.backup} did not come back from ${store} on ${timeText(drill.at, timezone)}: ${drill.problems.slice(0, 3).join('; ')}.`,
    todo: `Try it by hand: \`gofr-backup drill --store ${store} --identity FILE\`. Nothing is pruned there until a drill went well.`,
  };
}

/** While copies go on, each has days to go when the next comes. The last quarter is for a person. */
function unlocked({ store, lock }: StoreState, { now, timezone }: StoreLimits): StoreProblem | undefined {
  if (lock === undefined) return undefined;
  const until = Date.parse(lock.until ?? '');
  if (until - now > (lock.days * DAY) / 4) return undefined;
  const ends =
    lock.until === null
      ? 'is not locked'
      : `${until <= now ? 'has not been locked since' : 'is locked no longer than'} ${timeText(lock.until, timezone)}`;
  return {
    code: 'copy-lock-ends',
    title: `the object lock in ${store} ends`,
    text: `The newest copy in ${store} ${ends}.`,
    todo: `A new copy is locked for ${formatCount(lock.days, 'day')}: \`gofr-backup now\`, then \`gofr-backup copy --store ${store}\`. If it is not, look at the object lock of the bucket.`,
  };
}

/** A key that nobody ever tried may be mistyped, or not be where people think it is. */
function unproved(
  { store, encrypted, keys = [], newest }: StoreState,
  { now }: StoreLimits,
): StoreProblem | undefined {
  const never = keys.filter(({ proved_at }) => proved_at === null);
  const since = Date.parse(newest?.arrived ?? '');
  if (encrypted !== true || never.length === 0 || !(now - since > PROOF_DUE)) return undefined;
  return {
    code: 'key-unproved',
    title: `a key of ${store} was never proved`,
    text: `Copies go to ${store}, and ${never.length} of the ${keys.length} keys that can open them ${never.length === 1 ? 'was' : 'were'} never tried.`,
    todo: `Bring the recovery key from its paper: \`gofr-backup key check --store ${store} --identity FILE\`.`,
  };
}

function timeText(iso: string | undefined, timezone: string): string {
  const at = Date.parse(iso ?? '');
  return Number.isNaN(at) ? 'never' : formatTime(at, timezone);
}
