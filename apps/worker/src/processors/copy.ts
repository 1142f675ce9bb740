import { copyBackups } from '@gofr-backup/core';
import { BackupError } from '@gofr-backup/model';
import type { Processor } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

export const copy =
  (composition: Composition): Processor<'copy'> =>
  (run) => {
    const { trigger, ...request } = run.payload;
    const unattended = trigger === 'schedule';
    const plan = composition.stores.find(({ name }) => name === request.store);
    if (plan !== undefined) return copyBackups(contextOf(composition, run), plan, request, { unattended });
    throw new BackupError('CONFIG', `This worker has no store ${request.store}`, {
      why: `its settings name ${composition.stores.map(({ name }) => name).join(', ') || 'none'}`,
      hint: 'Set OFFSITE_URL or OFFSITES for the worker, and start it again.',
    });
  };
