/**
 * Archives the content of a big file in slices. Slices of the previous archive that are where they were are found first;
 * what lies between them was overwritten in place. From where nothing is where it was, the file is cut by its content, and
 * the threads find slices again that were moved. What is left at the end is cut by length.
 */
import type { FileState } from '@gofr-backup/posix';
import { LEAST_SLICE_BYTES } from '../index/content-cuts.ts';
import { FRAME_BYTES, SLICE_BYTES } from '../index/sizes.ts';
import { cutSlices, keepSlices, type SliceSpan } from '../index/slices.ts';
import type { WalkEntry } from '../source/source.ts';
import type { FrameQueue, Origin } from './frame-queue.ts';
import type { StoredSlice } from './reuse.ts';

/** Slices whose cuts are looked for in one job, while those before them are compressed. */
const CUTS_AT_ONCE = 16;
/** Slices that are compared in one job, and how many such jobs are ahead. */
const COMPARED_AT_ONCE = 8;
const COMPARISONS_AHEAD = 4;
/** When so many in a row differ, what follows them has been moved: it is not looked for in its old place. */
const MOST_LOST = 8;

/** A file that is open. Its header has been handed in. */
export interface OpenedFile {
  fd: number;
  /** with the size that the header states */
  entry: WalkEntry;
  /** the state of the file when it was opened */
  opened: FileState;
  /** its slices in the previous archive, in order; empty when there are none of use */
  before: readonly StoredSlice[];
  /** they may be copied */
  copied: boolean;
}

export interface Surroundings {
  queue: Pick<FrameQueue, 'look' | 'slice' | 'copy'>;
  /** waits until so many bytes may be read */
  take: (bytes: number) => Promise<void>;
  /** called once, when a part was read while the file changed */
  changed: () => void;
  /** called when everything is written, and nothing reads the file any more */
  done: () => void;
}

export class SlicedFile {
  readonly #file: OpenedFile;
  readonly #around: Surroundings;
  /** slices that are handed in but not written, and 1 while others may follow */
  #pending = 1;
  #changed = false;
  /** which slice of `before` is at a position */
  #numbers: Map<number, number> | undefined;

  constructor(file: OpenedFile, around: Surroundings) {
    this.#file = file;
    this.#around = around;
  }

  /** Everything is handed in when it returns. */
  async archive(): Promise<void> {
    const moved = await this.#copyUnmoved();
    const rest = await this.#cutByContent(moved);
    await this.#cutByLength(rest);
    this.#delivered(false);
  }

  /** Answers where the file is no longer what it was. */
  async #copyUnmoved(): Promise<number> {
    const comparable = this.#file.copied ? this.#comparable() : [];
    const lost: StoredSlice[] = [];
    for await (const { slice, same } of this.#compared(comparable)) {
      if (!same && lost.push(slice) === MOST_LOST) break;
      if (!same) continue;
      for (const overwritten of lost.splice(0)) await this.#write(overwritten);
      await this.#copy(slice);
    }
    return lost[0]?.position ?? endOf(comparable.at(-1));
  }

  /** A cut near the end of the file may be there because it was the end. It counts only when the end is where it was. */
  #comparable(): readonly StoredSlice[] {
    const { before, entry } = this.#file;
    const end = endOf(before.at(-1));
    if (end === entry.size) return before;
    const certain = Math.min(end - SLICE_BYTES, entry.size);
    return before.filter((slice) => endOf(slice) <= certain);
  }

  async *#compared(slices: readonly StoredSlice[]): AsyncGenerator<{ slice: StoredSlice; same: boolean }> {
    const ahead: { part: readonly StoredSlice[]; answer: Promise<boolean[]> }[] = [];
    const parts = partsOf(slices, COMPARED_AT_ONCE);
    try {
      for (let next = parts.next(); ;) {
        for (; !next.done && ahead.length < COMPARISONS_AHEAD; next = parts.next())
          ahead.push({ part: next.value, answer: this.#compare(next.value) });
        const first = ahead.shift();
        if (first === undefined) return;
        const same = await first.answer;
        yield* first.part.map((slice, n) => ({ slice, same: same[n] === true }));
      }
    } finally {
      await Promise.allSettled(ahead.map(({ answer }) => answer)); // they read the file
    }
  }

  #compare(slices: readonly StoredSlice[]): Promise<boolean[]> {
    const { fd, entry, opened } = this.#file;
    const { queue, take } = this.#around;
    const { position, frame } = slices[0]!;
    const bytes = endOf(slices.at(-1)) - position;
    const span = { position, size: entry.size, first: frame.number, count: slices.length };
    return answerTo(
      take(bytes)
        .then(() => queue.look({ kind: 'compare', fd, opened, ...span }))
        .then(({ same }) => same ?? []),
    );
  }

  /** Answers where the last slice ends. */
  async #cutByContent(from: number): Promise<number> {
    let position = from;
    for (let next = this.#cuts(from); next !== undefined;) {
      const ends = await next;
      next = ends.length === CUTS_AT_ONCE ? this.#cuts(ends.at(-1)!) : undefined;
      for (const end of ends) {
        const cut = { position, length: end - position };
        for (const span of keepSlices(cut, this.#beforeFrom(position))) await this.#write(span);
        position = end;
      }
    }
    return position;
  }

  /** Undefined where there can be none. */
  #cuts(from: number): Promise<number[]> | undefined {
    const { fd, entry } = this.#file;
    if (entry.size - from < LEAST_SLICE_BYTES) return undefined;
    const span = { from, size: entry.size, most: CUTS_AT_ONCE };
    return answerTo(this.#around.queue.look({ kind: 'cut', fd, ...span }).then(({ ends }) => ends ?? []));
  }

  async #cutByLength(from: number): Promise<void> {
    const rest = this.#file.entry.size - from;
    const before = this.#beforeFrom(from).map((slice) => ({ ...slice, position: slice.position - from }));
    for (const { position, length } of cutSlices(rest, before))
      await this.#write({ position: from + position, length });
  }

  /** Old slices from this place on, as many as one may be cut into; none when no slice began there. */
  #beforeFrom(position: number): readonly SliceSpan[] {
    const { before } = this.#file;
    this.#numbers ??= new Map(before.map((slice, n) => [slice.position, n]));
    const first = this.#numbers.get(position);
    return first === undefined ? [] : before.slice(first, first + SLICE_BYTES / FRAME_BYTES);
  }

  async #write({ position, length }: SliceSpan): Promise<void> {
    const { fd, entry, opened } = this.#file;
    await this.#around.take(length);
    this.#pending++;
    const slice = { fd, position, length, size: entry.size, opened };
    await this.#around.queue.slice(slice, (changed) => this.#delivered(changed));
  }

  async #copy({ position, length, frame }: StoredSlice): Promise<void> {
    const { entry } = this.#file;
    const origin = (): Origin => ({ kind: 'slice', entry, position, length });
    await this.#around.queue.copy({ frame, entries: [], origin });
  }

  #delivered(changed: boolean): void {
    if (changed && !this.#changed) this.#around.changed();
    this.#changed ||= changed;
    if (--this.#pending === 0) this.#around.done();
  }
}

const endOf = (slice: SliceSpan | undefined): number =>
  slice === undefined ? 0 : slice.position + slice.length;

function* partsOf<Item>(items: readonly Item[], length: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += length) yield items.slice(at, at + length);
}

/** A failure is thrown where the answer is waited for, if it still is. */
function answerTo<Answer>(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => {});
  return answer;
}
