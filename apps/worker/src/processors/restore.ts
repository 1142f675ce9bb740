import { restore as restoreBackup } from '@gofr-backup/core';
import { type Processor, refuseTarget } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

/** The command or page that enqueues a restore has asked the person before; a worker cannot ask. */
export const restore =
  (composition: Composition): Processor<'restore'> =>
  async (run) => {
    await refuseTarget(run.payload.to, composition.restoreRoots);
    return restoreBackup(contextOf(composition, run), run.payload);
  };
