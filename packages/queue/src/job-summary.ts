/** What is told of a job, be it known from Redis or from the file of past jobs. */
import type { ProgressEvent } from '@gofr-backup/model';

export type JobStateName = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed';

export interface JobSummary {
  id: string;
  name: string;
  state: JobStateName;
  payload: unknown;
  /** made by a schedule */
  scheduled: boolean;
  /** attempts begun so far; the first is 1 */
  attempt: number;
  /** milliseconds since the epoch, as the rest */
  created: number;
  started?: number;
  finished?: number;
  /** delayed: when it is due */
  due?: number;
  progress?: ProgressEvent;
  result?: unknown;
  error?: { code: string; message: string; why: string; hint: string };
  /** who ran the command that did it by itself, without the queue */
  by?: string;
}

/** By their last change. */
export const newestFirst = (a: JobSummary, b: JobSummary): number => changedAt(b) - changedAt(a);

const changedAt = ({ finished, started, created }: JobSummary): number => finished ?? started ?? created;

const MOST_TEXT = 4000;

/** Texts that a page or a terminal can take. */
export const brief = <Texts extends Record<string, string>>(texts: Texts): Texts =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.slice(0, MOST_TEXT)])) as Texts;
