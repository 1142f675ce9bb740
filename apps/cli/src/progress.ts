import {
  type Clock,
  formatCount,
  formatCountdown,
  formatDuration,
  formatSize,
  type Progress,
  type ProgressEvent,
} from '@gofr-backup/model';
import type { Colours } from './colour.ts';
import type { Screen } from './screen.ts';

const REDRAW_EVERY = 100;
const LINE_EVERY = 10_000;
const BAR_WIDTH = 24;
/** Over less than this many ms a rate says nothing. */
const SHORTEST_RATE = 1000;

interface Surroundings {
  screen: Screen;
  colours: Colours;
  clock: Clock;
}

export interface ProgressView {
  report: Progress;
  /** Sets the estimate for a phase that does not know its total. */
  expect(bytes: number): void;
  /** The work has ended well: says what the last phase did. */
  end(): void;
}

/**
 * A bar on a terminal; elsewhere a line when a phase begins and every ten seconds of it. A phase without a total is
 * measured by its own estimate, else by the phase before it, because the bytes that were archived are verified next.
 * An estimate is marked with `~`. A phase that took a while ends with a line of what it did.
 */
export function progressOn(surroundings: Surroundings): ProgressView {
  const { screen, clock } = surroundings;
  const every = screen.isTerminal ? REDRAW_EVERY : LINE_EVERY;
  let expected: number | undefined;
  let previous: ProgressEvent | undefined;
  let began = 0;
  let drawn = -Infinity;
  const end = (): void => {
    const took = clock.monotonic() - began;
    if (previous && took >= SHORTEST_RATE) screen.line(finished(previous, took, surroundings));
    previous = undefined;
  };
  const report = (event: ProgressEvent): void => {
    const now = clock.monotonic();
    const isNew = event.phase !== previous?.phase || event.bytes < previous.bytes;
    if (isNew && previous && previous.bytes > 0) expected = previous.bytes;
    if (isNew) {
      end();
      began = now;
    }
    previous = event;
    if (!isNew && now - drawn < every) return;
    drawn = now;
    const elapsed = now - began;
    const rate = elapsed < SHORTEST_RATE ? 0 : (event.bytes / elapsed) * 1000;
    const known = withTotals(event, expected);
    if (screen.isTerminal) screen.status(bar(known, rate, surroundings));
    else screen.line(plain(known, rate));
  };
  return { report, expect: (bytes) => (expected = bytes), end };
}

interface Known extends ProgressEvent {
  /** before what follows from an estimate */
  about: '' | '~';
}

function withTotals(event: ProgressEvent, expected: number | undefined): Known {
  const estimate = event.estimatedBytes ?? expected;
  if (estimate === undefined || event.totalBytes !== undefined || event.bytes > estimate)
    return { ...event, about: '' };
  return { ...event, totalBytes: estimate, about: '~' };
}

function bar(event: Known, rate: number, { screen, colours }: Surroundings): string {
  const parts = [event.phase.padEnd(8)];
  const share = shareOf(event);
  if (share !== undefined) {
    const full = Math.round(share * BAR_WIDTH);
    parts.push(colours.good('━'.repeat(full)) + colours.dim('─'.repeat(BAR_WIDTH - full)));
    parts.push(`${event.about}${Math.floor(share * 100)}%`.padStart(4));
  }
  let width = 8 + (share === undefined ? 0 : BAR_WIDTH + 8);
  for (const fact of facts(event, rate)) {
    width += fact.length + 2;
    if (width < screen.columns) parts.push(fact);
  }
  return parts.join('  ');
}

/** The whole bar on a terminal; everywhere what was done, and in what time. */
function finished(
  { phase, bytes, files }: ProgressEvent,
  took: number,
  { screen, colours }: Surroundings,
): string {
  const count = files > 0 ? [formatCount(files, 'file')] : [];
  const done = `${[formatSize(bytes), ...count].join(', ')} in ${formatDuration(took)}`;
  if (!screen.isTerminal) return `${phase}: done, ${done}`;
  return [phase.padEnd(8), colours.good('━'.repeat(BAR_WIDTH)), '100%', done].join('  ');
}

function plain(event: Known, rate: number): string {
  return `${event.phase}: ${facts(event, rate).join(', ')}`;
}

function facts({ bytes, totalBytes, files, totalFiles, about }: Known, rate: number): string[] {
  const list = [
    totalBytes === undefined
      ? formatSize(bytes)
      : `${formatSize(bytes)} of ${about}${formatSize(totalBytes)}`,
  ];
  if (files > 0 || totalFiles !== undefined) {
    list.push(
      totalFiles === undefined
        ? formatCount(files, 'file')
        : `${files} of ${formatCount(totalFiles, 'file')}`,
    );
  }
  if (rate > 0) list.push(`${formatSize(rate)}/s`);
  if (rate > 0 && totalBytes !== undefined) {
    list.push(`${about}${formatCountdown((totalBytes - bytes) / rate)} left`);
  }
  return list;
}

/** Between 0 and 1; undefined when no total is known. */
function shareOf({ bytes, totalBytes, files, totalFiles }: ProgressEvent): number | undefined {
  if (totalBytes) return Math.min(bytes / totalBytes, 1);
  return totalFiles ? Math.min(files / totalFiles, 1) : undefined;
}
