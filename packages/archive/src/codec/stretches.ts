/**
 * The stretches of a frame: how the matches of each are found when it is compressed. They are a way to save time. Whatever
 * they say, the compressed bytes are those of the frame.
 */

/**
 * - `searched`: by searching.
 * - `alike`: in what lies `place` bytes before, the header of the entry before, which has nearly the same bytes.
 *   Headers are two thirds of the bytes of a tar of small files, and content does not resemble them.
 * - `known`: those that the earlier frame has from its raw byte `place` on, where the bytes are the same.
 */
export interface Stretch {
  /** in the raw bytes of the frame; it begins where the one before ends */
  end: number;
  kind: keyof typeof STRETCH_KINDS;
  place: number;
}

/** As the encoder numbers them. */
export const STRETCH_KINDS = { searched: 0, alike: 1, known: 2 } as const;

/** The stretches within the bytes from `from` to `to`, counted from `from`. */
export function stretchesWithin(stretches: readonly Stretch[], from: number, to: number): Stretch[] {
  const within: Stretch[] = [];
  let start = 0;
  for (const { end, kind, place } of stretches) {
    if (start >= to) break;
    const skipped = kind === 'known' ? Math.max(0, from - start) : 0;
    if (end > from) within.push({ end: Math.min(end, to) - from, kind, place: place + skipped });
    start = end;
  }
  return within;
}
