/** Whether who holds the lock still lives. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seeBeacon } from './beacon.ts';
import { livenessByPid, ownIdentity } from './identity.ts';
import type { Liveness } from './identity.ts';
import type { FoundLock, LockHolder } from './lock-file.ts';

/** Milliseconds. */
export interface LockTiming {
  heartbeat: number;
  /** a holder that cannot be asked and was silent for so long is taken for dead … */
  silence: number;
  /** … if it stays silent while watched so long: a clock that jumped must not look like silence */
  watch: number;
}
export const TIMING: LockTiming = { heartbeat: 5_000, silence: 60_000, watch: 12_000 };

/** `now`: the file system's time, milliseconds. `again` reads the lock once more, after the watch. */
export async function isStale(
  stateDir: string,
  timing: LockTiming,
  found: FoundLock,
  now: number,
  again: () => Promise<FoundLock | undefined>,
): Promise<boolean> {
  const liveness = found.holder === undefined ? 'unknown' : await livenessOf(stateDir, found.holder);
  if (liveness !== 'unknown') return liveness === 'dead';
  if (now - found.beatAt < timing.silence) return false;
  await sleep(timing.watch);
  const later = await again();
  return later?.mark === found.mark && later.beatAt === found.beatAt;
}

export async function livenessOf(stateDir: string, holder: LockHolder): Promise<Liveness> {
  const own = ownIdentity();
  const byPid = livenessByPid(holder, own);
  if (byPid !== 'unknown') return byPid;
  const sameKernel = own.boot_id !== '' && own.boot_id === holder.boot_id;
  // the name comes from the file: only the one form this code writes is followed
  if (!sameKernel || holder.beacon !== `lock.beacon-${holder.token}`) return 'unknown';
  return seeBeacon(stateDir, holder.beacon);
}
