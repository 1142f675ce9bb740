/** Counts the files and bytes of an archive, and collects warnings and failures. */
import { displayPath, isLimit, type Warning } from '@gofr-backup/model';
import type { EntryOutcome } from './frame-result.ts';
import { TOO_LARGE } from './fitting-xattrs.ts';
import { reportFailure } from '../source/failure.ts';
import type { WalkEntry, WalkReport } from '../source/source.ts';

export class ArchiveCounts {
  files = 0;
  sourceBytes = 0;
  reusedBytes = 0;
  readonly components: { files: number; bytes: number }[];
  #report: WalkReport;

  constructor(report: WalkReport) {
    this.#report = report;
    this.components = report.present.map(() => ({ files: 0, bytes: 0 }));
  }

  add(entry: WalkEntry): void {
    if (isLimit(entry.mtimeNs)) this.#report.warnings.push(beyondAllTimes(entry));
    this.#count(entry, 1, entry.size);
  }

  remove(entry: WalkEntry): void {
    this.#count(entry, -1, -entry.size);
  }

  /** A file of which only `storedSize` bytes are archived: holes count as nothing. */
  leaveHoles(entry: WalkEntry, storedSize: number): void {
    this.#count(entry, 0, storedSize - entry.size);
  }

  /** An entry that could not be archived. */
  fail(entry: WalkEntry, errno: string): void {
    this.remove(entry);
    reportFailure(this.#report, entry, errno);
  }

  /** An entry that was not as the walk saw it. */
  note(entry: WalkEntry, outcome: EntryOutcome): void {
    const { now, changed } = outcome;
    this.noteXattrs(entry, outcome);
    if (now !== undefined) this.#count(entry, 0, now.size - entry.size);
    if (changed === true) this.warnChanged(entry);
  }

  /** Attributes that could not be read, or not archived, are a warning: the content is right. */
  noteXattrs(entry: WalkEntry, { xattrsMissing }: EntryOutcome): void {
    if (xattrsMissing !== undefined) this.#report.warnings.push(withoutXattrs(entry, xattrsMissing));
  }

  warnChanged(entry: WalkEntry): void {
    this.#report.warnings.push(changedWhileRead(entry));
  }

  #count({ type, component }: WalkEntry, files: number, bytes: number): void {
    const counted = type === 'directory' ? 0 : files;
    this.files += counted;
    this.sourceBytes += bytes;
    this.components[component]!.files += counted;
    this.components[component]!.bytes += bytes;
  }
}

function beyondAllTimes({ path, mtimeNs }: WalkEntry): Warning {
  const shown = displayPath(path);
  const limit = new Date(Number(mtimeNs / 1_000_000n)).toISOString();
  const message = `${shown} has a time beyond what can be archived; it comes back as ${limit}`;
  return { code: 'time-out-of-range', path: shown, message };
}

function withoutXattrs({ path }: WalkEntry, why: string): Warning {
  const shown = displayPath(path);
  const reason = why === TOO_LARGE ? 'they are too large' : why;
  return {
    code: 'xattrs',
    path: shown,
    message: `${shown} is archived without its extended attributes: ${reason}`,
  };
}

function changedWhileRead({ path }: WalkEntry): Warning {
  const shown = displayPath(path);
  return {
    code: 'changed-while-read',
    path: shown,
    message: `${shown} changed while it was read; it is kept as last read`,
  };
}
