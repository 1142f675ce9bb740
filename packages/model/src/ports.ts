/** The ports of the core to its surroundings; tests replace these and nothing else. */
import type { Phase } from './phases.ts';

/** The only source of time. Everything that asks "now" takes one of these. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump; never used to measure a duration. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
}

/** Shaped like pino: constant message last, facts in fields. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One state of long work. Totals are absent until known. */
export interface ProgressEvent {
  phase: Phase;
  bytes: number;
  totalBytes?: number;
  /** about what `bytes` will come to, where that is not known before the end: as the backup before did */
  estimatedBytes?: number;
  files: number;
  totalFiles?: number;
}
export type Progress = (event: ProgressEvent) => void;

/** The ports that every operation gets. */
export interface Ports {
  clock: Clock;
  logger: Logger;
  progress: Progress;
  /** Aborted when the caller gives up; the operation leaves the old state and throws CANCELLED. */
  signal: AbortSignal;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
export const noProgress: Progress = () => {};
