/** The end of a lock that was held. */
import type { Ports } from '@gofr-backup/model';
import { freeReserveFile } from './reserve-file.ts';
import { TIMING } from './stale-lock.ts';
import type { LockTiming } from './stale-lock.ts';
import { writeDone } from './take-lock.ts';
import type { TakenLock } from './take-lock.ts';

/**
 * Says in the lock's file that it is done. Some file systems need space even for that. Then the reserve file is
 * freed. When that does not help, a later attempt says it, or the end of this process does.
 */
export async function giveBack(
  stateDir: string,
  taken: TakenLock,
  options: { ports: Pick<Ports, 'logger'>; timing?: LockTiming },
): Promise<void> {
  const { heartbeat } = options.timing ?? TIMING;
  try {
    await writeDone(taken).catch(async () => {
      await freeReserveFile(stateDir);
      await writeDone(taken);
    });
    await taken.file.close();
  } catch (error) {
    options.ports.logger.warn({ stateDir, err: error }, 'the lock could not be given back yet');
    setTimeout(() => void giveBack(stateDir, taken, options), heartbeat).unref();
  }
}
