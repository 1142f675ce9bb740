import { undelete as bringBack } from '@gofr-backup/core';
import type { Processor } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

export const undelete =
  (composition: Composition): Processor<'undelete'> =>
  async (run) => ({ backup: await bringBack(contextOf(composition, run), run.payload.backup) });
