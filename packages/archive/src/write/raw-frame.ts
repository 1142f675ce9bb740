/** The raw bytes of a frame in the making, and what is known of them when they are compressed. */
import type { EarlierFrame } from '../codec/earlier-frame.ts';
import type { ContentSpan } from '../codec/digest.ts';
import { incompressibleSpans } from '../codec/incompressible.ts';
import type { Stretch } from '../codec/stretches.ts';
import { paddedLength } from '../index/file.ts';
import type { EarlierContent, KeptEntries } from './earlier-parts.ts';

/** A shorter beginning that is the same is not worth a stretch of its own. */
const LEAST_KNOWN = 512;

/** A part that is no header: content with its padding, or entries that are kept. */
interface Body extends ContentSpan {
  /** the same, or what the content was, in the earlier frame */
  earlier: ContentSpan | undefined;
  kept: boolean;
}

export class RawFrame {
  readonly bytes: Buffer;
  /** where the next header goes */
  end = 0;
  /** the content of files, without padding; of those that are empty there is none */
  readonly contents: ContentSpan[] = [];
  #bodies: Body[] = [];
  /** where each header begins that stands before no body of kept entries, and the one before it */
  #headers: { start: number; before: number | undefined }[] = [];
  #lastHeader: number | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  filled(): Buffer {
    return this.bytes.subarray(0, this.end);
  }

  /** Header blocks, and perhaps content, were written at `end`. */
  add(headerLength: number, size: number, earlier?: EarlierContent): void {
    this.#headers.push({ start: this.end, before: this.#lastHeader });
    this.#lastHeader = this.end;
    const start = this.end + headerLength;
    this.end = start + paddedLength(size);
    if (size === 0) return;
    this.contents.push({ start, end: start + size });
    this.#bodies.push({ start, end: this.end, earlier, kept: false });
  }

  /** False when they do not fit, or lie outside of the earlier frame. */
  keep({ from, to, lastHeader, contents }: KeptEntries, earlier: EarlierFrame): boolean {
    const shift = this.end - from;
    if (to > earlier.raw.length || to + shift > this.bytes.length) return false;
    earlier.raw.copy(this.bytes, this.end, from, to);
    for (const { start, end } of contents) this.contents.push({ start: start + shift, end: end + shift });
    this.#bodies.push({ start: this.end, end: to + shift, earlier: { start: from, end: to }, kept: true });
    this.#lastHeader = lastHeader + shift;
    this.end = to + shift;
    return true;
  }

  stretches(earlier: EarlierFrame | undefined): Stretch[] {
    const stretches: Stretch[] = [];
    let header = 0;
    let at = 0;
    const addHeaders = (upTo: number): void => {
      for (; header < this.#headers.length && this.#headers[header]!.start < upTo; header++) {
        const { start, before } = this.#headers[header]!;
        const end = Math.min(upTo, this.#headers[header + 1]?.start ?? upTo);
        stretches.push({ end, kind: 'alike', place: before === undefined ? 0 : start - before });
      }
    };
    for (const body of this.#bodies) {
      addHeaders(body.start);
      at = body.end;
      const known = earlier === undefined ? 0 : this.#known(body, earlier);
      if (known > 0) stretches.push({ end: body.start + known, kind: 'known', place: body.earlier!.start });
      if (body.start + known < at) stretches.push({ end: at, kind: 'searched', place: 0 });
    }
    addHeaders(this.end);
    return stretches;
  }

  /** Spans that are not worth compressing. Of kept entries they are those that were stored before. */
  incompressible(earlier: EarlierFrame | undefined): ContentSpan[] {
    const spans: ContentSpan[] = [];
    let content = 0;
    for (const { start, end, earlier: before, kept } of this.#bodies) {
      if (kept) {
        spans.push(...moved(earlier!.stored, before!, start));
        while (content < this.contents.length && this.contents[content]!.start < end) content++;
        continue;
      }
      spans.push(...incompressibleWithin(this.bytes, this.contents[content++]!));
    }
    return spans;
  }

  /** How many bytes of a body are those that its content began with. */
  #known({ start, end, earlier: before, kept }: Body, { raw }: EarlierFrame): number {
    if (before === undefined) return 0;
    if (kept) return end - start;
    const most = Math.min(end - start, paddedLength(before.end - before.start), raw.length - before.start);
    const [now, then] = [
      this.bytes.subarray(start, start + most),
      raw.subarray(before.start, before.start + most),
    ];
    const known = now.equals(then) ? most : commonBeginning(now, then);
    return known >= Math.min(LEAST_KNOWN, most) ? known : 0;
  }
}

/** Spans of a content that are not worth compressing. */
export function incompressibleWithin(raw: Buffer, { start, end }: ContentSpan): ContentSpan[] {
  const spans = incompressibleSpans(raw.subarray(start, end));
  return spans.map((span) => ({ start: start + span.start, end: start + span.end }));
}

/** Parts of `spans` within `part`, as they lie when it begins at `start`. */
function moved(spans: readonly ContentSpan[], part: ContentSpan, start: number): ContentSpan[] {
  return spans
    .filter((span) => span.start >= part.start && span.end <= part.end)
    .map((span) => ({ start: span.start - part.start + start, end: span.end - part.start + start }));
}

/** Of two parts of one length that differ; to the nearest 64 bytes. */
function commonBeginning(one: Buffer, other: Buffer): number {
  let low = 0;
  let high = one.length;
  while (high - low > 64) {
    const middle = (low + high) >> 1;
    if (one.compare(other, low, middle, low, middle) === 0) low = middle;
    else high = middle;
  }
  return low;
}
