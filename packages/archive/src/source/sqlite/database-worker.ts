/** A thread for what would block the event loop: copying databases and checking them. */
import { parentPort } from 'node:worker_threads';
import type { BytePath } from '@gofr-backup/model';
import { checkIntegrity, copyDatabase } from './copy.ts';

export type DatabaseJob =
  { kind: 'copy'; source: BytePath; destination: string } | { kind: 'check'; path: BytePath };

async function answer(job: DatabaseJob): Promise<unknown> {
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
