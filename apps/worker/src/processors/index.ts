import type { Processors } from '@gofr-backup/queue';
import type { Composition } from '../composition.ts';
import { backup } from './backup.ts';
import { copy } from './copy.ts';
import { drill } from './drill.ts';
import { prune } from './prune.ts';
import { restore } from './restore.ts';
import { undelete } from './undelete.ts';
import { verify } from './verify.ts';

/** One processor for every job contract. A missing processor, or one with another answer, does not compile. */
export const processorsOf = (composition: Composition): Processors => ({
  backup: backup(composition),
  verify: verify(composition),
  prune: prune(composition),
  restore: restore(composition),
  drill: drill(composition),
  copy: copy(composition),
  undelete: undelete(composition),
});
