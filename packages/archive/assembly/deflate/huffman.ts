/** Prefix codes of limited length (RFC 1951, 3.2.2). */
import { DEPTHS, OFTEN, PARENTS, PLACES, SORTED, WEIGHTS } from './layout';

/** Lengths (a byte a symbol) of the best code for `counts`, none longer than `most`; at least two symbols get one. */
export function makeLengths(counts: usize, symbols: u32, most: u32, lengths: usize): void {
  memory.fill(lengths, 0, symbols);
  const used = sortUsed(counts, symbols);
  if (used < 2) {
    const only: u32 = used == 0 ? 0 : load<u32>(SORTED) & 511;
    store<u8>(lengths + only, 1);
    store<u8>(lengths + (only == 0 ? 1 : 0), 1);
    return;
  }
  growTree(used);
  countDepths(used, most);
  giveLengths(most, lengths);
}

/**
 * Symbols with a count, the rarest first, as count << 9 | symbol; answers how many. Most are rare: a place for each of the
 * small counts, and only what is more frequent is compared.
 */
function sortUsed(counts: usize, symbols: u32): u32 {
  memory.fill(PLACES, 0, 4 * <usize>(OFTEN + 1));
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const place = placeOf(load<u32>(counts + (symbol << 2)));
    store<u32>(place, load<u32>(place) + 4);
  }
  let next: u32 = 0;
  store<u32>(PLACES, 0);
  for (let place: usize = PLACES + 4; place <= PLACES + 4 * <usize>OFTEN; place += 4) {
    const here = load<u32>(place);
    store<u32>(place, next);
    next += here;
  }
  const often = load<u32>(PLACES + 4 * <usize>OFTEN);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (symbol << 2));
    if (count == 0) continue;
    const place = placeOf(count);
    const to = load<u32>(place);
    store<u32>(SORTED + to, (count << 9) | symbol);
    store<u32>(place, to + 4);
  }
  const left = (next - often) >> 2;
  sortFrom(SORTED + often, left, 57);
  sortFrom(SORTED + often, left, 23);
  sortFrom(SORTED + often, left, 10);
  sortFrom(SORTED + often, left, 4);
  sortFrom(SORTED + often, left, 1);
  return next >> 2;
}

@inline
function placeOf(count: u32): usize {
  return PLACES + <usize>(min<u32>(count, OFTEN) << 2);
}

/** One pass of Shell's sort. */
function sortFrom(items: usize, length: u32, gap: u32): void {
  const step: usize = gap << 2;
  for (let at: usize = step; at < (<usize>length) << 2; at += 4) {
    const item = load<u32>(items + at);
    let to = at;
    while (to >= step && load<u32>(items + to - step) > item) {
      store<u32>(items + to, load<u32>(items + to - step));
      to -= step;
    }
    store<u32>(items + to, item);
  }
}

/**
 * Huffman's tree, from two queues in order of weight: the leaves, and the inner nodes as they are made. PARENTS holds the
 * inner node above each leaf (first `used`) and above each inner node.
 */
function growTree(used: u32): void {
  let leaf: u32 = 0;
  let inner: u32 = 0;
  for (let made: u32 = 0; made < used - 1; made++) {
    let weight: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const leafWeight: u32 = leaf < used ? load<u32>(SORTED + (leaf << 2)) >> 9 : u32.MAX_VALUE;
      if (inner < made && load<u32>(WEIGHTS + (inner << 2)) < leafWeight) {
        weight += load<u32>(WEIGHTS + (inner << 2));
        store<u16>(PARENTS + ((used + inner++) << 1), <u16>made);
      } else {
        weight += leafWeight;
        store<u16>(PARENTS + (leaf++ << 1), <u16>made);
      }
    }
    store<u32>(WEIGHTS + (made << 2), weight);
  }
}

/** How many leaves at each depth, none below `most`. */
function countDepths(used: u32, most: u32): void {
  memory.fill(DEPTHS, 0, 4 * 64);
  const inner = used - 1;
  // from the root down, each inner node's depth replaces its weight
  store<u32>(WEIGHTS + ((inner - 1) << 2), 0);
  for (let node = <i32>inner - 2; node >= 0; node--) {
    const parent: u32 = load<u16>(PARENTS + ((used + node) << 1));
    store<u32>(WEIGHTS + (node << 2), load<u32>(WEIGHTS + (parent << 2)) + 1);
  }
  let space: u32 = 0;
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    const parent: u32 = load<u16>(PARENTS + (leaf << 1));
    const depth = min<u32>(load<u32>(WEIGHTS + (parent << 2)) + 1, most);
    addTo(depth, 1);
    space += 1 << (most - depth);
  }
  // a leaf cut off at `most` takes more than its share: pair it with one of the deepest above
  for (; space > (<u32>1) << most; space--) {
    let depth = most - 1;
    while (load<u32>(DEPTHS + (depth << 2)) == 0) depth--;
    addTo(depth, -1);
    addTo(depth + 1, 2);
    addTo(most, -1);
  }
}

@inline
function addTo(depth: u32, change: u32): void {
  store<u32>(DEPTHS + (depth << 2), load<u32>(DEPTHS + (depth << 2)) + change);
}

/** The rarest symbols get the longest codes. */
function giveLengths(most: u32, lengths: usize): void {
  let sorted: usize = SORTED;
  for (let depth = most; depth > 0; depth--) {
    for (let left = load<u32>(DEPTHS + (depth << 2)); left > 0; left--, sorted += 4) {
      store<u8>(lengths + (load<u32>(sorted) & 511), <u8>depth);
    }
  }
}

/** The canonical code of these lengths: bits in the order they are written | length << 24. */
export function makeCodes(lengths: usize, symbols: u32, codes: usize): void {
  memory.fill(DEPTHS, 0, 4 * 64);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) addTo(load<u8>(lengths + symbol), 1);
  // DEPTHS + 32 entries on: the next code of each length
  let next: u32 = 0;
  store<u32>(DEPTHS, 0);
  for (let depth: u32 = 1; depth < 16; depth++) {
    next = (next + load<u32>(DEPTHS + ((depth - 1) << 2))) << 1;
    store<u32>(DEPTHS + ((depth + 32) << 2), next);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length: u32 = load<u8>(lengths + symbol);
    if (length == 0) {
      store<u32>(codes + (symbol << 2), 0);
      continue;
    }
    const code = load<u32>(DEPTHS + ((length + 32) << 2));
    addTo(length + 32, 1);
    store<u32>(codes + (symbol << 2), reversed(code, length) | (length << 24));
  }
}

@inline
function reversed(code: u32, length: u32): u32 {
  let bits = ((code >> 1) & 0x5555) | ((code & 0x5555) << 1);
  bits = ((bits >> 2) & 0x3333) | ((bits & 0x3333) << 2);
  bits = ((bits >> 4) & 0x0f0f) | ((bits & 0x0f0f) << 4);
  bits = ((bits >> 8) & 0x00ff) | ((bits & 0x00ff) << 8);
  return bits >> (16 - length);
}
