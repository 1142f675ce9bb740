/**
 * The log of a copy under way, so that one that was killed goes on at the pack it was at. Lines of text: `pack <sha256> <number> <size>
 * <content>` for each pack that the store has, and `frame <sha256> <length> <pack> <offset> <length> …` for each frame from the
 * beginning of the archive on, as soon as all its bytes are in packs that the store has.
 */
import { appendFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Extents } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';
import type { Cache } from './cache.ts';
import { FrameTable } from './frame-table.ts';
import type { KnownCopy } from './known-copy.ts';
import { readBytes } from './read-bytes.ts';

const NAME = /^[0-9]{1,9}\.log$/;

export class PendingLog {
  readonly #path: string;
  readonly #packs: readonly Pack[];
  readonly #extents: Extents;
  readonly #frames: FrameTable;
  readonly #loggedPacks = new Set<number>();
  #loggedFrames = 0;
  /** packs that the store does not have yet */
  readonly #underWay = new Set<number>();
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, { packs, extents, frames }: KnownCopy) {
    this.#path = path;
    this.#packs = packs;
    this.#extents = extents;
    this.#frames = frames;
  }

  static async begin({ pendingDir }: Cache, copy: KnownCopy): Promise<PendingLog> {
    const numbers = (await logsIn(pendingDir)).map((name) => parseInt(name, 10));
    return new PendingLog(join(pendingDir, `${Math.max(0, ...numbers) + 1}.log`), copy);
  }

  begun(pack: number): void {
    this.#underWay.add(pack);
  }

  /** The store has it. Frames after the first one with a pack under way wait. */
  stored(pack: number): Promise<void> {
    this.#underWay.delete(pack);
    const lines = [...this.#frameLines()];
    if (lines.length === 0) return this.#written;
    const packs = [...this.#packLines()];
    const text = [...packs, ...lines].join('');
    return (this.#written = this.#written.then(() => appendFile(this.#path, text, { mode: 0o600 })));
  }

  *#packLines(): Generator<string> {
    for (const [number, { sha256, size, content }] of this.#packs.entries()) {
      if (this.#underWay.has(number) || this.#loggedPacks.has(number)) continue;
      this.#loggedPacks.add(number);
      yield `pack ${sha256} ${number} ${size} ${content}\n`;
    }
  }

  *#frameLines(): Generator<string> {
    for (; this.#loggedFrames < this.#frames.count; this.#loggedFrames++) {
      const { offset, length, sha256 } = this.#frames.frame(this.#loggedFrames);
      const places = [...this.#extents.within(offset, length)];
      if (places.some(({ pack }) => this.#underWay.has(pack))) return;
      const spans = places.map((place) => `${place.pack} ${place.offset} ${place.length}`);
      yield `frame ${sha256.toString('hex')} ${length} ${spans.join(' ')}\n`;
    }
  }
}

/** What earlier copies, that did not end, have stored. */
export async function pendingCopies({ pendingDir }: Cache): Promise<KnownCopy[]> {
  const found: KnownCopy[] = [];
  for (const name of await logsIn(pendingDir)) {
    const text = (await readBytes(join(pendingDir, name)))?.toString('latin1') ?? '';
    found.push(readLog(text));
  }
  return found.reverse();
}

export async function forgetPending({ pendingDir }: Cache): Promise<void> {
  for (const name of await logsIn(pendingDir)) await rm(join(pendingDir, name), { force: true });
}

async function logsIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => NAME.test(name));
  return names.sort((a, b) => parseInt(a, 10) - parseInt(b, 10));
}

/** Up to the first line that is torn: a kill, or a power cut, can leave one. */
function readLog(text: string): KnownCopy {
  const packs: Pack[] = [];
  const frames = new FrameTable();
  const extents = new Extents();
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const [kind, sha256 = '', ...words] = line.split(' ');
    const numbers = words.map(Number);
    if (!/^[0-9a-f]{64}$/.test(sha256) || !numbers.every((number) => Number.isSafeInteger(number))) break;
    if (kind === 'pack' && numbers.length === 3)
      packs[numbers[0]!] = { sha256, size: numbers[1]!, content: numbers[2]! };
    else if (!addFrame({ packs, frames, extents }, sha256, numbers)) break;
  }
  return { packs, frames, extents };
}

function addFrame({ packs, frames, extents }: KnownCopy, sha256: string, numbers: number[]): boolean {
  const [length = 0, ...places] = numbers;
  const spans = Array.from({ length: places.length / 3 }, (_, n) => {
    const [pack = 0, offset = 0, part = 0] = places.slice(3 * n);
    return { pack, offset, length: part };
  });
  const fits = spans.every(({ pack, offset, length: part }) => offset + part <= (packs[pack]?.content ?? -1));
  const whole = spans.reduce((sum, { length: part }) => sum + part, 0) === length;
  if (!fits || !whole) return false;
  for (const span of spans) extents.add(span);
  frames.add(length, Buffer.from(sha256, 'hex'));
  return true;
}
