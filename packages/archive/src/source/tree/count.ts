/** Counts what an archive of the sources will hold, by names and sizes alone: nothing is opened but directories. */
import { setImmediate } from 'node:timers/promises';
import type { Counted, WalkOptions } from '../../types.ts';
import type { WalkEntry } from '../source.ts';
import { Walk } from './walk.ts';

/** Throws the signal's reason when it is aborted. What cannot be read is left out: the archive's own walk tells it. */
export async function countTrees(options: WalkOptions, signal: AbortSignal): Promise<Counted> {
  await using walk = new Walk(options);
  const counted: Counted = { files: 0, bytes: 0 };
  const linked = new Set<string>();
  for await (const batch of walk.entries()) {
    for (const entry of batch) add(counted, entry, linked);
    await setImmediate();
    signal.throwIfAborted();
  }
  return counted;
}

/** A file of several names has its bytes once. Of a hollow file the bytes are not known before it is read. */
function add(counted: Counted, entry: WalkEntry, linked: Set<string>): void {
  const { type, size, linkKey, hollow } = entry;
  if (type === 'directory') return;
  counted.files++;
  if (hollow || (linkKey !== undefined && linked.has(linkKey))) return;
  if (linkKey !== undefined) linked.add(linkKey);
  counted.bytes += size;
}
