/** Which ranges of a file were written, in any order, and how far it is whole from its beginning. */
export class WrittenRanges {
  readonly #endOf = new Map<number, number>();
  readonly #startOf = new Map<number, number>();

  /** A range that was not written before. */
  add(at: number, length: number): void {
    const start = this.#startOf.get(at) ?? at;
    const end = this.#endOf.get(at + length) ?? at + length;
    this.#startOf.delete(at);
    this.#endOf.delete(at + length);
    this.#endOf.set(start, end);
    this.#startOf.set(end, start);
  }

  /** Every byte before it was written. */
  get whole(): number {
    return this.#endOf.get(0) ?? 0;
  }
}
