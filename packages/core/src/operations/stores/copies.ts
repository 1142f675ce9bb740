/** Brings a store up to date: what is missing there is copied, what is there is looked at, what is over goes. */
import {
  BackupError,
  type CatalogueEntry,
  type CopyOutcome,
  type CopyRequest,
  countsAsGood,
  type OperationContext,
  type StorePlan,
  type StoreState,
  toBackupError,
} from '@gofr-backup/model';
import {
  type CopyResult,
  type Inventory,
  type Look,
  lookAt,
  type Offsite,
  pruneStore,
} from '../../offsite/index.ts';
import { isoUtc } from '../../repository/index.ts';
import { repositoryOf } from '../context.ts';
import { copy } from './copy.ts';
import { proveCopies, type StoreWork } from './prove-copies.ts';
import { openStoreOf } from './open-store.ts';
import { recordStore } from './store-state.ts';

/**
 * Phases: copy, look, check, drill, prune. Holds no lock; a run that was ended goes on at the pack it was at when it is asked
 * again. How it went is kept (`storeState`). A check that finds damage is no failure of the copy: it is told by the state.
 */
export async function copyBackups(
  ctx: OperationContext,
  plan: StorePlan,
  request: CopyRequest,
  { unattended = false }: { unattended?: boolean } = {},
): Promise<CopyOutcome> {
  // Nothing has failed where nothing was made yet, and nobody waits for an answer.
  if (request.ifAny && (await goodBackups(ctx)).length === 0) return { store: plan.name, copies: [] };
  const tried_at = isoUtc(ctx.clock.now());
  try {
    await using offsite = await openStoreOf(ctx, plan);
    const { copies, news } = await bringUpToDate({ ctx, offsite, plan }, request, unattended);
    await recordStore(ctx, plan, { tried_at, failure: null, done_at: tried_at, ...news });
    return { store: plan.name, copies };
  } catch (error) {
    const failure = toBackupError(error, `copying to the store ${plan.name}`);
    await recordStore(ctx, plan, { tried_at, failure: failure.words });
    throw failure;
  }
}

/** `news`: what is known of the store now. */
export async function bringUpToDate(
  { ctx, offsite, plan }: StoreWork,
  request: CopyRequest,
  unattended: boolean,
): Promise<{ copies: CopyOutcome['copies']; news: Partial<StoreState> }> {
  const { copies, listed } = await copyAll(ctx, offsite, request);
  const look = await lookAt(offsite, { anew: true, listed });
  const proved = await proveCopies({ ctx, offsite, plan }, look, unattended);
  const pruned = await prune(ctx, offsite, plan, { look, drill: proved.drill });
  return { copies, news: { ...proved, pruned, ...countsOf(look) } };
}

/** `listed`: what the store holds now, where that is known. */
async function copyAll(
  ctx: OperationContext,
  offsite: Offsite,
  request: CopyRequest,
): Promise<{ copies: CopyOutcome['copies']; listed: Inventory | undefined }> {
  const copies: CopyOutcome['copies'] = [];
  const { names, look } = await wanted(ctx, offsite, request);
  let listed = look?.inventory;
  for (const name of names) {
    ctx.signal.throwIfAborted();
    const takeOver = request.takeOver === true;
    const result = await copy(ctx, offsite, name, { takeOver, listed });
    ctx.logger.info({ store: offsite.name, backup: result.filename, sent: result.bytes_sent }, 'copied');
    copies.push(outcomeOf(result));
    listed = result.inventory;
  }
  return { copies, listed };
}

const outcomeOf = ({ filename, already, bytes_sent, bytes_total, packs }: CopyResult) => ({
  ...{ filename, bytes_sent, bytes_total, packs },
  ...(already && { already }),
});

/** File names, the newest first: it protects most. */
async function wanted(
  ctx: OperationContext,
  offsite: Offsite,
  request: CopyRequest,
): Promise<{ names: string[]; look?: Look }> {
  if (request.backup !== undefined) return { names: [request.backup] };
  const good = await goodBackups(ctx);
  if (good.length === 0) throw nothingToCopy();
  const look = await lookAt(offsite);
  const { copies } = look.copies;
  const there = new Set(copies.map(({ name }) => name.filename));
  const missing = good.filter(({ filename }) => !there.has(filename));
  const chosen = request.all === true ? missing : dueOf(missing, copies[0]?.recipe.entry);
  return { names: chosen.map(({ filename }) => filename), look };
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

async function prune(
  ctx: OperationContext,
  offsite: Offsite,
  { name, retention: policy }: StorePlan,
  { look, drill }: { look: Look; drill?: StoreState['drill'] },
): Promise<NonNullable<StoreState['pruned']>> {
  // The older copies may be all that is left.
  if (drill?.ok === false)
    return { removed: 0, removed_packs: 0, refused: 0, held: `the drill of ${drill.backup} failed` };
  const { held, decisions, removed_packs, refused } = await pruneStore(offsite, {
    policy,
    dryRun: false,
    look,
  });
  const removed = held === undefined ? decisions.filter(({ action }) => action === 'remove').length : 0;
  ctx.logger.info({ store: name, removed, removed_packs, refused, ...(held && { held }) }, 'copies pruned');
  return { removed, removed_packs, refused, ...(held !== undefined && { held }) };
}

/** After a prune: it takes what it removes out of the inventory. */
function countsOf({
  copies: { copies, unread },
  inventory,
}: Look): Pick<StoreState, 'copies' | 'unread' | 'newest'> {
  const left = copies.filter(({ object }) => inventory.recipes.has(object));
  const newest = left[0]?.recipe;
  return {
    copies: left.length,
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
