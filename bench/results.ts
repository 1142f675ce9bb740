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
  date: string;
  works: Record<string, { corpus: string; size: string; work: string; figures: Figures[] }>;
}
