/** A thread for what would block the event loop: walking for databases, copying and checking them. */
import { parentPort } from 'node:worker_threads';
import type { BytePath } from '@gofr-backup/model';
import type { WalkOptions } from '../../types.ts';
import { Walk } from '../tree/walk.ts';
import { checkIntegrity, copyDatabase } from './copy.ts';
import { findDatabases } from './find.ts';

export type DatabaseJob =
  | { kind: 'find'; sources: WalkOptions }
  | { kind: 'copy'; source: BytePath; destination: string }
  | { kind: 'check'; path: BytePath };

async function answer(job: DatabaseJob): Promise<unknown> {
  if (job.kind === 'find') return findDatabases(new Walk(job.sources));
  if (job.kind === 'copy') return copyDatabase(job.source, job.destination);
  return checkIntegrity(job.path, { writable: true });
}

parentPort?.on('message', (job: DatabaseJob) => {
  answer(job).then(
    (result) => parentPort!.postMessage({ result }),
    (error: unknown) =>
      parentPort!.postMessage({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
