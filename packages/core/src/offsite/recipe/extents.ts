/** Where the bytes of an archive lie in packs: consecutive spans, in the archive's order, in numbers side by side. */

/** A span of a pack's content. */
export interface Extent {
  /** number of the pack in its list */
  pack: number;
  offset: number;
  length: number;
}

/** An extent and where it begins in the archive. */
export interface Placed extends Extent {
  at: number;
}

export class Extents {
  #packs = new Uint32Array(64);
  #offsets = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #starts = new Float64Array(64);
  count = 0;
  /** bytes of all of them */
  size = 0;

  /** An extent that goes on where the last one ends becomes part of it. */
  add({ pack, offset, length }: Extent): void {
    if (length === 0) return;
    const last = this.count - 1;
    if (last >= 0 && this.#packs[last] === pack && this.#offsets[last]! + this.#lengths[last]! === offset)
      this.#lengths[last]! += length;
    else this.#append(pack, offset, length);
    this.size += length;
  }

  #append(pack: number, offset: number, length: number): void {
    if (this.count === this.#packs.length) this.#grow();
    this.#packs[this.count] = pack;
    this.#offsets[this.count] = offset;
    this.#lengths[this.count] = length;
    this.#starts[this.count++] = this.size;
  }

  #grow(): void {
    const room = this.count * 2;
    const wider = <A extends Uint32Array | Float64Array>(into: A, from: A): A => {
      into.set(from);
      return into;
    };
    this.#packs = wider(new Uint32Array(room), this.#packs);
    this.#offsets = wider(new Uint32Array(room), this.#offsets);
    this.#lengths = wider(new Uint32Array(room), this.#lengths);
    this.#starts = wider(new Float64Array(room), this.#starts);
  }

  at(number: number): Placed {
    return {
      pack: this.#packs[number]!,
      offset: this.#offsets[number]!,
      length: this.#lengths[number]!,
      at: this.#starts[number]!,
    };
  }

  *[Symbol.iterator](): Generator<Placed> {
    for (let number = 0; number < this.count; number++) yield this.at(number);
  }

  /** The extents, cut to it, of a part of the archive. */
  *within(at: number, length: number): Generator<Placed> {
    const end = at + length;
    for (let number = this.#numberAt(at); number < this.count; number++) {
      const whole = this.at(number);
      if (whole.at >= end) return;
      const skipped = Math.max(0, at - whole.at);
      const cut = Math.max(0, whole.at + whole.length - end);
      const part = whole.length - skipped - cut;
      yield { pack: whole.pack, offset: whole.offset + skipped, length: part, at: whole.at + skipped };
    }
  }

  /** Number of the extent with the byte at `at`. */
  #numberAt(at: number): number {
    let low = 0;
    let high = this.count;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low;
  }
}
