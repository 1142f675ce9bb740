/**
 * A walk asks for attributes one after the other. Where each answer takes long (NFS, FUSE), the next ones are asked for all
 * at once before, and their answers thrown away: the kernel keeps them for a second or more, and the walk finds them there.
 */
import { lstat } from 'node:fs/promises';
import { type Clock, systemClock } from '@gofr-backup/model';

/** A local file system answers in a hundredth of this time. */
const SLOW_MS = 0.3;
/** Entries between two judgements. */
const JUDGED = 64;

export class AskedAhead {
  /** by the latest entries that were not asked for ahead */
  isSlow = false;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #entries = 0;
  #took = 0;
  #waited = 0;

  constructor(clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#clock = clock;
  }

  /** The same entries; it notes how long each takes. */
  *timed<Entry>(entries: Iterable<Entry>): Generator<Entry> {
    let from = this.#clock.monotonic();
    for (const entry of entries) {
      this.#took += this.#clock.monotonic() - from;
      if (++this.#entries === JUDGED) this.#judge();
      yield entry;
      from = this.#clock.monotonic();
    }
  }

  /** Failures are found again by the walk, which says what they mean. */
  async ask(paths: readonly (string | Buffer)[]): Promise<void> {
    const from = this.#clock.monotonic();
    await Promise.allSettled(paths.map((path) => lstat(path)));
    this.#waited += this.#clock.monotonic() - from;
  }

  #judge(): void {
    // several are asked at once, so the waiting stands for more
    this.isSlow = this.#took + 2 * this.#waited > SLOW_MS * JUDGED;
    [this.#entries, this.#took, this.#waited] = [0, 0, 0];
  }
}
