/** Taking a lock: see the table in lock-file.ts. */
import { rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { BackupError } from '@gofr-backup/model';
import { findLock, formatLock, lockPath, makeNumber, markOf } from './lock-file.ts';
import { openDraft, writeDraft } from './lock-file.ts';
import type { Claim, Draft, FoundLock, LockHolder, LockStep, NumberedLock } from './lock-file.ts';
import { readOldLock } from './old-lock.ts';

export interface Taking {
  stateDir: string;
  own: LockHolder;
  /** whether the holder is dead; may watch it for a while. `now`: the file system's time */
  isStale(found: FoundLock, now: number, again: () => Promise<FoundLock | undefined>): Promise<boolean>;
  step: LockStep;
}

export interface TakenLock {
  holder: LockHolder;
  claim: Claim;
  number: number;
  file: FileHandle;
  /** the file system's time at which it was taken */
  at: number;
}

/** Throws BUSY when a living process has it. */
export async function takeLock(taking: Taking): Promise<TakenLock> {
  const draft = await openDraft(taking.stateDir);
  let taken: TakenLock | undefined;
  try {
    while (taken === undefined) taken = await tryNext(taking, draft);
    return taken;
  } finally {
    // The lock is taken, so a failure here is no error. The next holder removes the draft.
    await taking
      .step('drop the draft')
      .then(() => rm(draft.path, { force: true }))
      .catch(() => {});
    if (taken?.file !== draft.file) await draft.file.close();
  }
}

/** undefined: another was faster. */
async function tryNext(taking: Taking, draft: Draft): Promise<TakenLock | undefined> {
  const { stateDir, own, step } = taking;
  const last = await findLock(stateDir, step);
  const now = await writeDraft(draft, '');
  if (last !== undefined && !(await isOver(taking, last, now))) throw busy(last.holder, own);
  const claim: Claim = { after: last?.mark ?? '', ...(await deadOldLock(taking, last, now)) };
  const at = await writeDraft(draft, formatLock(own, claim, 'held'));
  const number = (last?.number ?? 0) + 1;
  await step('make');
  const file = await makeNumber(draft, stateDir, number);
  if (file === undefined) return undefined;
  const taken: TakenLock = { holder: own, claim, number, file, at };
  try {
    await step('prove');
    if (last === undefined || (await markOf(stateDir, last.number)) === last.mark) return taken;
    // This number was used before, so no process builds on the file just made.
    await step('withdraw');
    await rm(lockPath(stateDir, number), { force: true });
  } catch (error) {
    await step('give up')
      .then(() => writeDone(taken))
      .catch(() => {});
    throw error;
  }
  if (file !== draft.file) await file.close();
  return undefined;
}

/** Marks the lock as done. After this any process may take the next number. */
export async function writeDone({ holder, claim, file }: TakenLock): Promise<void> {
  await file.write(formatLock(holder, claim, 'done'), 0);
}

async function isOver(taking: Taking, last: NumberedLock, now: number): Promise<boolean> {
  const { stateDir, isStale } = taking;
  if (last.proven && last.isDone) return true;
  // A lock that is not proven counts as unreadable: its holder is dead only after its silence.
  const asked = last.proven ? last : { ...last, holder: undefined };
  const again = async () => {
    const found = await findLock(stateDir);
    return found?.number === last.number ? found : undefined;
  };
  return isStale(asked, now, again);
}

async function deadOldLock(
  taking: Taking,
  last: Claim | undefined,
  now: number,
): Promise<Pick<Claim, 'old'>> {
  const { stateDir, own, isStale } = taking;
  const old = await readOldLock(stateDir);
  if (old === undefined) return {};
  const known = old.mark === last?.old;
  if (known || (await isStale(old, now, () => readOldLock(stateDir)))) return { old: old.mark };
  throw busy(old.holder, own);
}

function busy(holder: LockHolder | undefined, own: LockHolder): BackupError {
  const who = holder ? `${holder.operation} (${holder.owner})` : 'another operation';
  const where = holder ? ` on ${holder.host}, pid ${holder.pid}, since ${holder.since}` : '';
  return new BackupError('BUSY', `${own.operation} cannot start: the backup directory is busy`, {
    why: `${who} holds its lock${where}`,
    details: holder
      ? { operation: holder.operation, owner: holder.owner, host: holder.host, since: holder.since }
      : {},
  });
}
