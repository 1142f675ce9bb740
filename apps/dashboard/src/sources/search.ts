/** Questions over all backups: where a file is, and when it was how. One at a time, because each reads many indexes. */
import { find, type FindOutcome, states, type StatesOutcome } from '@gofr-backup/core';
import { BackupError, type BackupPlan, type Clock, type OperationContext } from '@gofr-backup/model';
import { createGate } from './gate.ts';
import { quietContext } from './quiet-context.ts';

/** The most paths that a page lists. */
const MOST_PATHS = 100;

export interface Search {
  /** Names that hold the text, or match it where it is a pattern; empty: none does. */
  find(text: string, signal: AbortSignal): Promise<FindOutcome['matches']>;
  /** Throws NO_SUCH_BACKUP. */
  states(path: string, signal: AbortSignal): Promise<StatesOutcome>;
}

export function searchOf(facts: { plan: BackupPlan; clock: Clock }): Search {
  const gate = createGate(1);
  async function alone<T>(signal: AbortSignal, ask: (ctx: OperationContext) => Promise<T>): Promise<T> {
    const leave = await gate();
    try {
      signal.throwIfAborted();
      return await ask(quietContext(facts, signal));
    } finally {
      leave();
    }
  }
  return {
    find: (text, signal) =>
      alone(signal, async (ctx) => (await find(ctx, patternOf(text), OPTIONS)).matches).catch(orNone),
    states: (path, signal) => alone(signal, (ctx) => states(ctx, path)),
  };
}

const OPTIONS = { ignoreCase: true, paths: MOST_PATHS };

/** A part of a name is enough. */
const patternOf = (text: string): string => (/[*?[\]{}/]/.test(text) ? text : `*${text}*`);

function orNone(error: unknown): FindOutcome['matches'] {
  if (error instanceof BackupError && error.code === 'NO_SUCH_BACKUP') return [];
  throw error;
}
