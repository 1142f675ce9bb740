import { randomBytes } from 'node:crypto';

/** A put takes minutes: what is older was left by one that was killed. */
const UNFINISHED_FOR = 7 * 86_400_000;
const isUnfinished = (name: string): boolean => /^\.unfinished-[0-9a-f]{16}$/.test(name);

/** A name for what is being put. No object's name begins with a dot: no list shows what a broken put left. */
export const unfinishedName = (): string => `.unfinished-${randomBytes(8).toString('hex')}`;

interface Top {
  /** what lies at the top of the store, by its name there */
  found(): Promise<readonly { name: string; modified: Date | undefined }[]>;
  /** the clock that made the times */
  now(): Promise<Date>;
  remove(name: string): Promise<void>;
}

/** What killed puts left goes when it is a week old. What cannot be listed, dated or removed stays. */
export async function sweepUnfinished({ found, now, remove }: Top): Promise<void> {
  const left = (await found().catch(() => [])).filter(({ name }) => isUnfinished(name));
  const clock = left.length > 0 ? await now().catch(() => undefined) : undefined;
  if (clock === undefined) return;
  const over = clock.getTime() - UNFINISHED_FOR;
  for (const { name, modified } of left)
    if (modified !== undefined && modified.getTime() < over) await remove(name).catch(() => {});
}
