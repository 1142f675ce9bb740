/** A verb of the command line. */
import type { Session } from './session.ts';

/** The function `run` that a verb's module exports; answers the exit code when it is not 0. */
export type VerbAction = (session: Session, args: string[], options: never) => Promise<number | void>;

export interface Verb {
  verb: string;
  json: boolean;
  load: () => Promise<{ run: VerbAction }>;
  args: string[];
  options: object;
}
