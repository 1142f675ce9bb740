import { restore as restoreBackup } from '@gofr-backup/core';
import type { Processor } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

/** Whoever enqueues it has asked the person; here nobody can be asked. */
export const restore =
  (composition: Composition): Processor<'restore'> =>
  (run) =>
    restoreBackup(contextOf(composition, run), run.payload);
