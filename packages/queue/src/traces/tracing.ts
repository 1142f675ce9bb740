/** The tracing of a process that adds or attempts jobs. */
import type { Telemetry } from 'bullmq';

export interface Tracing {
  /** for openQueue and startConsumer; undefined: nothing is traced */
  readonly telemetry: Telemetry | undefined;
  /** Sends what is left, for at most `ms`. Never throws. */
  stop(ms?: number): Promise<void>;
}
