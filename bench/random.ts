/** xorshift over 128 bits of state: fast, seeded, good enough for noise that does not compress. */
export class Random {
  readonly #state = new Uint32Array(4);
  constructor(seed: string) {
    for (const [i, character] of [...`${seed}-gofr`].entries()) {
      this.#state[i % 4] =
        Math.imul((this.#state[i % 4] ?? 0) ^ (character.codePointAt(0) ?? 0), 0x9e3779b1) + i + 1;
    }
    for (let i = 0; i < 64; i++) this.next();
  }
  /** 32 bits */
  next(): number {
    const s = this.#state;
    let t = s[3] as number;
    t ^= t << 11;
    t ^= t >>> 8;
    s[3] = s[2] as number;
    s[2] = s[1] as number;
    s[1] = s[0] as number;
    s[0] = (t ^ (s[0] as number) ^ ((s[0] as number) >>> 19)) >>> 0;
    return s[0] as number;
  }
  below(limit: number): number {
    return this.next() % limit;
  }
  /** 8 digits */
  hex(): string {
    return this.next().toString(16).padStart(8, '0');
  }
  bytes(length: number): Buffer {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.next();
    return Buffer.from(words.buffer, 0, length);
  }
}
