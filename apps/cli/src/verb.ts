/** A verb of the command line. */
import type { Session } from './session.ts';

/** What a verb's module exports as `run`; answers the exit code when it is not 0. */
export type Run = (session: Session, args: string[], options: never) => Promise<number | void>;

export interface Verb {
  verb: string;
  json: boolean;
  load: () => Promise<{ run: Run }>;
  args: string[];
  options: object;
}
