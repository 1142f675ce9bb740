/** Brings a store up to date: what is missing there is copied, what is there is looked at, what is over goes. */
import {
  BackupError,
  type CatalogueEntry,
  type CopyOutcome,
  type CopyRequest,
  countsAsGood,
  DAY,
  type OperationContext,
  type StorePlan,
  type StoreState,
  toBackupError,
} from '@gofr-backup/model';
import { Copies, type CopyResult, type Offsite, pruneStore, verifyStore } from '../../offsite/index.ts';
import { isoUtc } from '../../repository/index.ts';
import { repositoryOf } from '../context.ts';
import { copy } from './copy.ts';
import { openStoreOf } from './open-store.ts';
import { recordStore, storeState } from './store-state.ts';

/**
 * Phases: copy, check, prune. Holds no lock; a run that was ended goes on at the pack it was at when it is asked again. How it went
 * is kept (`storeState`). A check that finds damage is no failure of the copy: it is told by the state.
 */
export async function copyBackups(
  ctx: OperationContext,
  plan: StorePlan,
  request: CopyRequest,
): Promise<CopyOutcome> {
  // Nothing has failed where nothing was made yet, and nobody waits for an answer.
  if (request.ifAny && (await goodBackups(ctx)).length === 0) return { store: plan.name, copies: [] };
  const tried_at = isoUtc(ctx.clock.now());
  try {
    await using offsite = await openStoreOf(ctx, plan);
    const copies = await copyAll(ctx, offsite, request);
    const checked = await check(ctx, offsite, plan);
    const pruned = await prune(ctx, offsite, plan);
    const news = { failure: null, done_at: tried_at, ...(await countsOf(offsite)), checked, pruned };
    await recordStore(ctx, plan, { tried_at, ...news });
    return { store: plan.name, copies };
  } catch (error) {
    const failure = toBackupError(error, `copying to the store ${plan.name}`);
    const { code, message, why, hint } = failure;
    await recordStore(ctx, plan, { tried_at, failure: { code, message, why, hint } });
    throw failure;
  }
}

async function copyAll(
  ctx: OperationContext,
  offsite: Offsite,
  request: CopyRequest,
): Promise<CopyOutcome['copies']> {
  const done: CopyOutcome['copies'] = [];
  for (const name of await wanted(ctx, offsite, request)) {
    ctx.signal.throwIfAborted();
    const result = await copy(ctx, offsite, name, { takeOver: request.takeOver === true });
    ctx.logger.info({ store: offsite.name, backup: result.filename, sent: result.bytes_sent }, 'copied');
    done.push(outcomeOf(result));
  }
  return done;
}

const outcomeOf = ({ filename, already, bytes_sent, bytes_total, packs }: CopyResult) => ({
  ...{ filename, bytes_sent, bytes_total, packs },
  ...(already && { already }),
});

/** File names, the newest first: it protects most. */
async function wanted(ctx: OperationContext, offsite: Offsite, request: CopyRequest): Promise<string[]> {
  if (request.backup !== undefined) return [request.backup];
  const good = await goodBackups(ctx);
  if (good.length === 0) throw nothingToCopy();
  const { copies } = await Copies.open(offsite);
  const there = new Set(copies.map(({ name }) => name.filename));
  const missing = good.filter(({ filename }) => !there.has(filename));
  const chosen = request.all === true ? missing : dueOf(missing, copies[0]?.recipe.entry);
  return chosen.map(({ filename }) => filename);
}

async function goodBackups(ctx: OperationContext): Promise<CatalogueEntry[]> {
  const { retention } = ctx.plan;
  const catalogue = await (await repositoryOf(ctx)).catalogue();
  return catalogue.filter((entry) => countsAsGood(entry, retention));
}

/**
 * What no run before had the chance to send. Older backups are left: the store may have pruned them, by its own
 * retention. An empty store gets the newest of each tier.
 */
function dueOf(missing: CatalogueEntry[], newest: CatalogueEntry | undefined): CatalogueEntry[] {
  if (newest === undefined)
    return missing.filter((entry, at) => missing.findIndex(({ tier }) => tier === entry.tier) === at);
  return missing.filter((entry) => timeOf(entry) > timeOf(newest));
}

const timeOf = ({ created_at, timestamp }: CatalogueEntry): number => Date.parse(created_at ?? timestamp);

/** Lists the store, and reads the packs that were longest unread, so many that all were read within `verifyDays`. */
async function check(
  ctx: OperationContext,
  offsite: Offsite,
  plan: StorePlan,
): Promise<NonNullable<StoreState['checked']>> {
  const before = (await storeState(ctx, plan)).checked?.at;
  const days = before === undefined ? 0 : Math.max(0, ctx.clock.now() - Date.parse(before)) / DAY;
  const { results, packs_read } = await verifyStore(offsite, { share: Math.min(1, days / plan.verifyDays) });
  const problems = results
    .filter(({ ok }) => !ok)
    .map(({ filename, problems: found }) => `${filename}: ${found.join('; ')}`);
  for (const problem of problems)
    ctx.logger.error({ store: plan.name, problem }, 'a copy is damaged or not whole');
  return { at: isoUtc(ctx.clock.now()), packs_read, problems: problems.slice(0, MOST_PROBLEMS) };
}

const MOST_PROBLEMS = 20;

async function prune(
  ctx: OperationContext,
  offsite: Offsite,
  { name, retention }: StorePlan,
): Promise<NonNullable<StoreState['pruned']>> {
  const { held, decisions, removed_packs, refused } = await pruneStore(offsite, {
    policy: retention,
    dryRun: false,
  });
  const removed = held === undefined ? decisions.filter(({ action }) => action === 'remove').length : 0;
  ctx.logger.info({ store: name, removed, removed_packs, refused, ...(held && { held }) }, 'copies pruned');
  return { removed, removed_packs, refused, ...(held !== undefined && { held }) };
}

async function countsOf(offsite: Offsite): Promise<Pick<StoreState, 'copies' | 'unread' | 'newest'>> {
  const { copies, unread } = await Copies.open(offsite);
  const newest = copies[0]?.recipe;
  return {
    copies: copies.length,
    unread: unread.length,
    ...(newest && {
      newest: {
        filename: newest.entry.filename,
        created_at: newest.entry.created_at ?? newest.arrived,
        arrived: newest.arrived,
      },
    }),
  };
}

const nothingToCopy = (): BackupError =>
  new BackupError('NO_SUCH_BACKUP', 'There is no good backup to copy', {
    why: 'damaged, incomplete and unverified backups are not copied',
    hint: 'Make one with `gofr-backup now`, or verify those there are: `gofr-backup verify --all`.',
  });
