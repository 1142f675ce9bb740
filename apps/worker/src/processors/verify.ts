import { verify as verifyArchives } from '@gofr-backup/core';
import type { Processor } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

export const verify =
  (composition: Composition): Processor<'verify'> =>
  (run) => {
    const { trigger: _, ...request } = run.payload;
    return verifyArchives(contextOf(composition, run), request);
  };
