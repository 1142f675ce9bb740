/** What a run proves of the copies that a store has: that they are there, that they are locked, that they come back. */
import {
  DAY,
  type OperationContext,
  type StorePlan,
  type StoreState,
  toBackupError,
} from '@gofr-backup/model';
import { type Look, Objects, type Offsite, type StoredCopy, verifyStore } from '../../offsite/index.ts';
import { isoUtc } from '../../repository/index.ts';
import { drillCopy } from './drill-copy.ts';
import { storeState } from './store-state.ts';

/** A store at work. */
export interface StoreWork {
  ctx: OperationContext;
  offsite: Offsite;
  plan: StorePlan;
}

/** `unattended`: nobody waits for it, so a drill may take its time. Nothing that is found here is a failure of the run. */
export async function proveCopies(
  work: StoreWork,
  look: Look,
  unattended: boolean,
): Promise<Pick<StoreState, 'checked' | 'lock' | 'drill' | 'drilled_at'>> {
  const known = await storeState(work.ctx, work.plan);
  const [newest] = look.copies.copies;
  const checked = await check(work, look, known);
  const lock = newest && (await lockOf(work, newest));
  const drill = unattended && newest ? await drillWhenDue(work, known, newest) : undefined;
  return {
    checked,
    ...(lock && { lock }),
    ...(drill && { drill }),
    ...(drill?.ok && { drilled_at: drill.at }),
  };
}

const MOST_PROBLEMS = 20;

/**
 * Reads the packs that were longest unread, so many that all were read within `verifyDays`. Where that is less than half a
 * pack, it waits for a later run: copies every hour do not read a pack every hour.
 */
async function check(
  { ctx, offsite, plan }: StoreWork,
  look: Look,
  known: StoreState,
): Promise<NonNullable<StoreState['checked']>> {
  const since = known.checked?.read_at ?? known.checked?.at;
  const days = daysSince(since, ctx.clock.now());
  const share = Math.min(1, (days ?? 0) / plan.verifyDays);
  const waits = look.inventory.packs.size * share < 0.5;
  const { results, packs_read } = await verifyStore(offsite, { share: waits ? 0 : share, look });
  const problems = results
    .filter(({ ok }) => !ok)
    .map(({ filename, problems: found }) => `${filename}: ${found.join('; ')}`);
  for (const problem of problems)
    ctx.logger.error({ store: plan.name, problem }, 'a copy is damaged or not whole');
  const at = isoUtc(ctx.clock.now());
  const read_at = waits && days !== undefined ? since! : at;
  return { at, packs_read, read_at, problems: problems.slice(0, MOST_PROBLEMS) };
}

/** As the store says: of the recipe, which is locked after all that it names. */
async function lockOf(
  { offsite, plan }: StoreWork,
  { object, name }: StoredCopy,
): Promise<StoreState['lock']> {
  if (plan.lockDays === undefined) return undefined;
  const until = await new Objects(offsite).lockedUntil(object, offsite.signal);
  return {
    backup: name.filename,
    days: plan.lockDays,
    until: until === undefined ? null : isoUtc(until.getTime()),
  };
}

/** Not in the run that makes the first copy, and only where a copy can be read without a person. */
async function drillWhenDue(
  { ctx, offsite, plan }: StoreWork,
  { drilled_at, done_at }: StoreState,
  { name: { filename } }: StoredCopy,
): Promise<StoreState['drill']> {
  const canRead = offsite.encryption.kind === 'none' || offsite.identities.length > 0;
  const days = daysSince(drilled_at, ctx.clock.now()) ?? Infinity;
  if (!canRead || done_at === undefined || days < plan.drillDays) return undefined;
  const told = (ok: boolean, problems: string[]): StoreState['drill'] => {
    const at = isoUtc(ctx.clock.now());
    ctx.logger[ok ? 'info' : 'error']({ store: plan.name, backup: filename, problems }, 'a copy was drilled');
    return { backup: filename, at, ok, problems: problems.slice(0, MOST_PROBLEMS) };
  };
  try {
    const { ok, problems } = await drillCopy(ctx, offsite, filename);
    return told(ok, problems);
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { message, why } = toBackupError(error, 'drilling a copy');
    return told(false, [why === '' ? message : `${message}: ${why}`]);
  }
}

/** undefined: never, or at a time that is still to come. */
function daysSince(iso: string | undefined, now: number): number | undefined {
  const days = (now - Date.parse(iso ?? '')) / DAY;
  return days >= 0 ? days : undefined;
}
