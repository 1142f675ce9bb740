import { prune as pruneBackups } from '@gofr-backup/core';
import type { Processor } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

export const prune =
  (composition: Composition): Processor<'prune'> =>
  (run) => {
    const { trigger: _, ...request } = run.payload;
    return pruneBackups(contextOf(composition, run), request);
  };
