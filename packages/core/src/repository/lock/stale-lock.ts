/** Whether the holder of a lock still lives. */
import { setTimeout as sleep } from 'node:timers/promises';
import { probeHeartbeatSocket } from './heartbeat-socket.ts';
import { livenessByPid, ownIdentity } from './identity.ts';
import type { Liveness } from './identity.ts';
import type { FoundLock, LockHolder } from './lock-file.ts';

/** Milliseconds. */
export interface LockTiming {
  heartbeat: number;
  /** a holder whose process cannot be checked is taken for dead after this silence … */
  silence: number;
  /** … if it stays silent for this long while it is watched: a clock that jumped must not count as silence */
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
  return probeHeartbeatSocket(stateDir, holder.beacon);
}
