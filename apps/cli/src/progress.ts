import type { Clock, Progress, ProgressEvent } from '@gofr-backup/core';
import type { Colours } from './colour.ts';
import { count, countdown, size } from './format.ts';
import type { Screen } from './screen.ts';

const REDRAW_EVERY = 100;
const LINE_EVERY = 10_000;
const BAR_WIDTH = 24;

interface Surroundings {
  screen: Screen;
  colours: Colours;
  clock: Clock;
}

/** A bar on a terminal; elsewhere a line when a phase begins, every ten seconds of it, and nothing more. */
export function progressOn(surroundings: Surroundings): Progress {
  const { screen, clock } = surroundings;
  const every = screen.isTerminal ? REDRAW_EVERY : LINE_EVERY;
  let phase = '';
  let began = 0;
  let last = -Infinity;
  return (event) => {
    const now = clock.monotonic();
    const isNew = event.phase !== phase;
    if (isNew) [phase, began] = [event.phase, now];
    if (!isNew && now - last < every) return;
    last = now;
    const rate = event.bytes / Math.max((now - began) / 1000, 0.001);
    if (screen.isTerminal) screen.status(bar(event, rate, surroundings));
    else screen.line(plain(event, isNew ? 0 : rate));
  };
}

function bar(event: ProgressEvent, rate: number, { screen, colours }: Surroundings): string {
  const parts = [event.phase.padEnd(8)];
  const share = shareOf(event);
  if (share !== undefined) {
    const full = Math.round(share * BAR_WIDTH);
    parts.push(colours.good('━'.repeat(full)) + colours.dim('─'.repeat(BAR_WIDTH - full)));
    parts.push(`${Math.floor(share * 100)}%`.padStart(4));
  }
  let width = 8 + (share === undefined ? 0 : BAR_WIDTH + 8);
  for (const fact of facts(event, rate)) {
    width += fact.length + 2;
    if (width < screen.columns) parts.push(fact);
  }
  return parts.join('  ');
}

function plain(event: ProgressEvent, rate: number): string {
  return `${event.phase}: ${facts(event, rate).join(', ')}`;
}

function facts({ bytes, totalBytes, files, totalFiles }: ProgressEvent, rate: number): string[] {
  const list = [totalBytes === undefined ? size(bytes) : `${size(bytes)} of ${size(totalBytes)}`];
  if (files > 0 || totalFiles !== undefined) {
    list.push(totalFiles === undefined ? count(files, 'file') : `${files} of ${count(totalFiles, 'file')}`);
  }
  if (rate > 0) list.push(`${size(rate)}/s`);
  if (rate > 0 && totalBytes !== undefined) list.push(`${countdown((totalBytes - bytes) / rate)} left`);
  return list;
}

/** Between 0 and 1; undefined when no total is known. */
function shareOf({ bytes, totalBytes, files, totalFiles }: ProgressEvent): number | undefined {
  if (totalBytes) return Math.min(bytes / totalBytes, 1);
  return totalFiles ? Math.min(files / totalFiles, 1) : undefined;
}
