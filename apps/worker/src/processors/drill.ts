import { drill as drillBackup } from '@gofr-backup/core';
import type { Processor } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

export const drill =
  (composition: Composition): Processor<'drill'> =>
  (run) =>
    drillBackup(contextOf(composition, run), { backup: run.payload.backup });
