import { randomBytes } from 'node:crypto';

/** A name for what is being put. No object's name begins with a dot: no list shows what a broken put left. */
export const unfinishedName = (): string => `.unfinished-${randomBytes(8).toString('hex')}`;
