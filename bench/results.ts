/** What the bench measured. */

export interface Figures {
  name: string;
  /** medians */
  wall: number;
  cpu: number;
  memory: number;
  bytes?: number;
  runs: number;
}

export interface Results {
  machine: string;
  works: Record<string, Result>;
}

export interface Result {
  corpus: string;
  size: string;
  work: string;
  /** the day it was measured, YYYY-MM-DD */
  date: string;
  figures: Figures[];
}
