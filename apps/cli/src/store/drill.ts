import { tmpdir } from 'node:os';
import { run as drillHere } from '../commands/drill.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { withFetched } from './with-copy.ts';

/** `drill --store`: from the store alone, as on the day when nothing else is left. */
export const run = (session: Session, [name = 'latest']: string[], options: StoreOptions): Promise<number> =>
  withFetched(session, options, { name, near: tmpdir() }, (inner, { filename }) =>
    drillHere(inner, [filename], { here: true }),
  );
