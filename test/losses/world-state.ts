/** What a world is made of. */
import type { FakeClock } from '@gofr-backup/testing';
import type { Draw } from '../draw.ts';
import type { Project } from './project.ts';

/** What the services of one world do: not everything at once, so that every kind gets its rounds. */
export interface Habits {
  names: string[];
  /** of links */
  targets: string[];
  times: number[];
}

export interface World {
  base: string;
  draw: Draw;
  clock: FakeClock;
  projects: [Project, Project];
  /** where it really is, and who it is */
  backupDir: string;
  backupIdentity: string;
  /** every path that leads there */
  waysToBackups: string[];
  victim: string;
  habits: Habits;
  /** archives somebody damaged, what `undelete` brought back, and when the trash got what it holds */
  damaged: Set<string>;
  pinned: Set<string>;
  trashedAt: Map<string, number>;
  /** how the planted is taken away again */
  undo: (() => void)[];
  /** so that no two files are equal by accident */
  written: number;
  log: string[];
}
