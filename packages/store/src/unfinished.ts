import { randomBytes } from 'node:crypto';

/** A put takes minutes: what is older was left by one that was killed. By the store's own clock. */
export const UNFINISHED_FOR = 7 * 86_400_000;
export const isUnfinished = (name: string): boolean => /^\.unfinished-[0-9a-f]{16}$/.test(name);

/** A name for what is being put. No object's name begins with a dot: no list shows what a broken put left. */
export const unfinishedName = (): string => `.unfinished-${randomBytes(8).toString('hex')}`;
