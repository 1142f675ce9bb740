/** What this host knows of its stores, and whether each can be reached now. */
import { copyPlansFrom, maxCopyAges, storePlansFrom } from '@gofr-backup/config';
import { openStoreOf, type StoreFacts, storeProblems, storeState } from '@gofr-backup/core';
import { systemClock, toBackupError } from '@gofr-backup/model';
import type { Session } from '../session.ts';

/** `ask`: every store is asked for its objects. Without it no store hears of it. */
export async function storeFacts(session: Session, { ask }: { ask: boolean }): Promise<StoreFacts[]> {
  const { settings } = session;
  const now = systemClock.now();
  const ages = maxCopyAges(settings, now);
  const facts = storePlansFrom(settings).map(async (plan): Promise<StoreFacts> => {
    const context = session.context('status');
    const state = await storeState(context, plan);
    // A store that was never tried is not late: the line of the store says that there is no copy.
    const since = Date.parse(state.tried_at ?? '') || now;
    const limits = { now, timezone: settings.timezone, maxAge: ages[plan.name] ?? Infinity, since };
    const problems = storeProblems(state, limits);
    const reach = ask ? await against(session, plan) : undefined;
    return { state, problems, ...(reach && { reach }) };
  });
  return Promise.all(facts);
}

async function against(
  session: Session,
  plan: ReturnType<typeof storePlansFrom>[number],
): Promise<StoreFacts['reach']> {
  try {
    copyPlansFrom(session.settings);
    await using offsite = await openStoreOf(session.context('doctor'), plan, { retries: 1 });
    for await (const _ of offsite.store.list('writer/', session.signal)) break;
    return undefined;
  } catch (error) {
    const { message, why, hint } = toBackupError(error, 'asking the store');
    return { why: why === '' ? message : why, hint };
  }
}
