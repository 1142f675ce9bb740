/** Writes the spans of packs to their places in an archive. */
import type { FileHandle } from 'node:fs/promises';
import { writeWhole } from '@gofr-backup/posix';
import type { Placed } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';
import { atOnce } from './at-once.ts';
import { type ContentPiece, damagedPack, type PackReader } from './pack-reader.ts';

/** Packs that are read at once. */
const AT_ONCE = 4;
/** Below this share of a pack, its spans are read by range. */
const WHOLE = 0.5;
/** Two spans that are nearer than this are read as one. */
const GAP = 64 * 1024;

/** A span of a pack, and where in the archive it belongs. */
interface Wanted {
  offset: number;
  length: number;
  at: number;
}

/** Hears what was written, piece by piece. */
type Done = (at: number, length: number) => void;

/** The packs whose spans come first in the archive are read first. Throws ARCHIVE_DAMAGED. */
export async function fillSpans(
  packs: readonly Pack[],
  extents: Iterable<Placed>,
  reader: PackReader,
  file: FileHandle,
  done: Done = () => {},
): Promise<void> {
  await atOnce(wantedOf(packs, extents), AT_ONCE, ({ pack, spans }) =>
    fillFrom(reader, pack, spans, file, done),
  );
}

/** Spans by pack; those of one pack by their place in it. */
function wantedOf(packs: readonly Pack[], extents: Iterable<Placed>): { pack: Pack; spans: Wanted[] }[] {
  const byPack = new Map<number, Wanted[]>();
  for (const { pack, ...span } of extents) {
    const spans = byPack.get(pack);
    if (spans) spans.push(span);
    else byPack.set(pack, [span]);
  }
  return [...byPack].map(([number, spans]) => ({
    pack: packs[number]!,
    spans: spans.sort((a, b) => a.offset - b.offset),
  }));
}

async function fillFrom(
  reader: PackReader,
  pack: Pack,
  spans: Wanted[],
  file: FileHandle,
  done: Done,
): Promise<void> {
  const all = spans.reduce((sum, { length }) => sum + length, 0);
  if (all >= pack.content * WHOLE) {
    if (!(await fillFromWhole(reader.content(pack), spans, file, done)))
      throw damagedPack(pack, 'it is cut short');
    return;
  }
  for (const group of groupsOf(spans)) {
    const { offset } = group[0]!;
    const end = Math.max(...group.map((span) => span.offset + span.length));
    const bytes = await reader.part(pack, offset, end - offset);
    for (const span of group) {
      const from = span.offset - offset;
      await writeWhole(file, bytes.subarray(from, from + span.length), span.at);
      done(span.at, span.length);
    }
  }
}

/** Spans may overlap: the same bytes may be in the archive more than once. False: the pieces end before the last of them. */
async function fillFromWhole(
  pieces: AsyncIterable<ContentPiece>,
  spans: Wanted[],
  file: FileHandle,
  done: Done,
): Promise<boolean> {
  let first = 0;
  for await (const { offset, bytes } of pieces) {
    const end = offset + bytes.length;
    for (let number = first; number < spans.length && spans[number]!.offset < end; number++) {
      const span = spans[number]!;
      const from = Math.max(span.offset, offset);
      const to = Math.min(span.offset + span.length, end);
      if (to <= from) continue;
      const at = span.at + from - span.offset;
      await writeWhole(file, bytes.subarray(from - offset, to - offset), at);
      done(at, to - from);
    }
    while (first < spans.length && spans[first]!.offset + spans[first]!.length <= end) first++;
  }
  return first === spans.length;
}

function* groupsOf(spans: readonly Wanted[]): Generator<Wanted[]> {
  let group: Wanted[] = [];
  let end = 0;
  for (const span of spans) {
    if (group.length > 0 && span.offset > end + GAP) {
      yield group;
      group = [];
    }
    group.push(span);
    end = Math.max(end, span.offset + span.length);
  }
  if (group.length > 0) yield group;
}
