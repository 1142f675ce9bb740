/** Puts an archive together from its packs: the very file, proved by its SHA-256 before it gets its name. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, type Ports } from '@gofr-backup/model';
import { syncDirectory, writeWhole } from '@gofr-backup/posix';
import type { Placed } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';
import type { SignedRecipe } from '../recipe/parse.ts';
import type { PackReader } from './pack-reader.ts';

/** Packs that are read at once. */
const AT_ONCE = 4;
const READ_BYTES = 1 << 20;
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

/** `path` must be free. Throws ARCHIVE_DAMAGED, and leaves nothing, when it is not the archive of the recipe. */
export async function assembleArchive(
  recipe: SignedRecipe,
  packs: PackReader,
  path: string,
  ports: Ports,
): Promise<void> {
  const part = `${path}.part`;
  try {
    {
      await using file = await open(part, 'wx+', 0o600);
      await file.truncate(recipe.extents.size);
      await fill(recipe, packs, file, ports);
      await prove(recipe, file, ports);
      await file.sync();
    }
    await rename(part, path);
    await syncDirectory(dirname(path));
  } finally {
    await rm(part, { force: true });
  }
}

async function fill(recipe: SignedRecipe, packs: PackReader, file: FileHandle, ports: Ports): Promise<void> {
  let bytes = 0;
  await fillSpans(recipe, recipe.extents, packs, file, (more) => {
    ports.signal.throwIfAborted();
    bytes += more;
    ports.progress({ phase: 'fetch', bytes, totalBytes: recipe.extents.size, files: 0 });
  });
}

/** Writes parts of the archive to their places in the file. */
export async function fillSpans(
  recipe: SignedRecipe,
  extents: Iterable<Placed>,
  packs: PackReader,
  file: FileHandle,
  done: (bytes: number) => void,
): Promise<void> {
  const wanted = wantedOf(recipe.packs, extents);
  const one = async (): Promise<void> => {
    for (let next = wanted.shift(); next !== undefined; next = wanted.shift())
      await fillFrom(packs, next.pack, next.spans, file, done);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Spans by pack; those of one pack by their place in it. */
function wantedOf(packs: readonly Pack[], extents: Iterable<Placed>): { pack: Pack; spans: Wanted[] }[] {
  const byPack = packs.map((pack): { pack: Pack; spans: Wanted[] } => ({ pack, spans: [] }));
  for (const { pack, ...span } of extents) byPack[pack]!.spans.push(span);
  for (const { spans } of byPack) spans.sort((a, b) => a.offset - b.offset);
  return byPack.filter(({ spans }) => spans.length > 0);
}

async function fillFrom(
  packs: PackReader,
  pack: Pack,
  spans: Wanted[],
  file: FileHandle,
  done: (bytes: number) => void,
): Promise<void> {
  const all = spans.reduce((sum, { length }) => sum + length, 0);
  if (all >= pack.content * WHOLE) return fillFromWhole(packs.whole(pack), spans, file, done);
  for (const group of groupsOf(spans)) {
    const { offset } = group[0]!;
    const end = Math.max(...group.map((span) => span.offset + span.length));
    const bytes = await packs.part(pack, offset, end - offset);
    for (const span of group) {
      const from = span.offset - offset;
      await writeWhole(file, bytes.subarray(from, from + span.length), span.at);
      done(span.length);
    }
  }
}

/** Spans may overlap: the same bytes may be in the archive more than once. */
async function fillFromWhole(
  pieces: AsyncIterable<{ offset: number; bytes: Buffer }>,
  spans: Wanted[],
  file: FileHandle,
  done: (bytes: number) => void,
): Promise<void> {
  let first = 0;
  for await (const { offset, bytes } of pieces) {
    const end = offset + bytes.length;
    for (let number = first; number < spans.length && spans[number]!.offset < end; number++) {
      const span = spans[number]!;
      const from = Math.max(span.offset, offset);
      const to = Math.min(span.offset + span.length, end);
      if (to <= from) continue;
      await writeWhole(file, bytes.subarray(from - offset, to - offset), span.at + from - span.offset);
      done(to - from);
    }
    while (first < spans.length && spans[first]!.offset + spans[first]!.length <= end) first++;
  }
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

async function prove({ entry }: SignedRecipe, file: FileHandle, { signal }: Ports): Promise<void> {
  const sum = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let at = 0; at < entry.size_bytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    sum.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  if (sum.digest('hex') === entry.sha256) return;
  throw new BackupError('ARCHIVE_DAMAGED', `The copy of ${entry.filename} is damaged`, {
    why: 'what its recipe puts together is not the archive',
    hint: 'Use another copy, or a local backup. Look at the store with `gofr-backup verify --store …`.',
  });
}
