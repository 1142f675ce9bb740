/**
 * A walk asks for attributes one after the other. Where each answer takes long (NFS, FUSE), the next ones are asked for all
 * at once before, and their answers thrown away: the kernel keeps them for a second or more, and the walk finds them there.
 */
import { lstat } from 'node:fs/promises';
import { type Clock, systemClock } from '@gofr-backup/model';
import type { DirectoryNames } from './directory-names.ts';

/** A local file system answers in a hundredth of this time. */
const SLOW_MS = 0.3;
/** Entries between two judgements. */
const JUDGED = 64;
/** Names asked for at once. While the walk takes these, the next ones are asked for. */
const CHUNK = 64;

interface Question {
  answered: boolean;
  answers: Promise<void>;
}

export class AskedAhead {
  /** by the latest entries that were not asked for ahead */
  isSlow = false;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #entries = 0;
  #took = 0;
  #waited = 0;
  /** when the latest question was answered */
  #answered = 0;
  #questions = new WeakMap<DirectoryNames, Question[]>();

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

  /**
   * Asks for the name `next` of a directory and those that follow it, where nobody did. The promise, when there is one, is that
   * of the answer for `next`.
   */
  reach(
    names: DirectoryNames,
    next: number,
    pathOf: (name: string) => string | Buffer,
  ): Promise<void> | undefined {
    const questions = this.#questionsOf(names);
    const chunk = Math.floor(next / CHUNK);
    for (let n = chunk; n <= chunk + 1 && n * CHUNK < names.length; n++) {
      if (questions[n] !== undefined) continue;
      const from = n * CHUNK;
      const count = Math.min(CHUNK, names.length - from);
      questions[n] = this.#ask(Array.from({ length: count }, (_, at) => pathOf(names.at(from + at))));
    }
    return next >= names.length || questions[chunk]!.answered ? undefined : questions[chunk]!.answers;
  }

  #questionsOf(names: DirectoryNames): Question[] {
    const questions = this.#questions.get(names) ?? [];
    this.#questions.set(names, questions);
    return questions;
  }

  #ask(paths: readonly (string | Buffer)[]): Question {
    const from = this.#clock.monotonic();
    const question: Question = { answered: false, answers: Promise.resolve() };
    // Failures are found again by the walk, which says what they mean.
    question.answers = Promise.allSettled(paths.map((path) => lstat(path))).then(() => {
      const now = this.#clock.monotonic();
      this.#waited += now - Math.max(from, this.#answered);
      this.#answered = now;
      question.answered = true;
    });
    return question;
  }

  #judge(): void {
    // several are asked at once, so the waiting stands for more
    this.isSlow = this.#took + 2 * this.#waited > SLOW_MS * JUDGED;
    [this.#entries, this.#took, this.#waited] = [0, 0, 0];
  }
}
