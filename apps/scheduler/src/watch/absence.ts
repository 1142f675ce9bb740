/** Redis cannot be used: told after a while, and when it is over, by what this process knows alone. */
import type { Settings } from '@gofr-backup/config';
import { type Clock, formatTime, type Logger } from '@gofr-backup/model';
import type { Alert } from '@gofr-backup/notify';
import type { Teller } from './teller.ts';

/** longer than a restart of Redis or of its host takes */
const MAX_ABSENCE_MS = 10 * 60_000;

export interface AbsenceOptions {
  settings: Pick<Settings, 'prefix' | 'timezone'>;
  clock: Clock;
  logger: Logger;
  maxAbsenceMs?: number;
}

export class Absence {
  readonly #options: AbsenceOptions;
  readonly #teller: Teller;
  /** when the last look succeeded, and on the clock that nobody sets */
  #lastLook: number;
  #lastLookMonotonic: number;
  #reason = 'it does not answer';
  #logged = '';
  #raised: Alert | undefined;
  #telling = false;

  constructor(options: AbsenceOptions, teller: Teller) {
    this.#options = options;
    this.#teller = teller;
    this.#lastLook = options.clock.now();
    this.#lastLookMonotonic = options.clock.monotonic();
  }

  begins(reason: string): void {
    this.#reason = reason.replace(/^Error: /, '');
    if (this.#logged !== reason) this.#options.logger.warn({ reason }, 'the watch could not look');
    this.#logged = reason;
  }

  /** Also a look that never ends is one that did not succeed. */
  async tellWhenLong(): Promise<void> {
    const { clock, maxAbsenceMs = MAX_ABSENCE_MS } = this.#options;
    if (clock.monotonic() - this.#lastLookMonotonic <= maxAbsenceMs) return;
    if (this.#raised || this.#telling) return;
    const alert = this.#alert();
    await this.#during(async () => {
      if (await this.#teller.tell(alert)) this.#raised = alert;
    });
  }

  async over(): Promise<void> {
    this.#lastLook = this.#options.clock.now();
    this.#lastLookMonotonic = this.#options.clock.monotonic();
    this.#logged = '';
    this.#reason = 'it does not answer';
    const raised = this.#raised;
    if (!raised || this.#telling) return;
    const at = new Date(this.#lastLook).toISOString();
    await this.#during(async () => {
      if (await this.#teller.tell({ ...raised, state: 'resolved', at })) this.#raised = undefined;
    });
  }

  async #during(work: () => Promise<void>): Promise<void> {
    this.#telling = true;
    try {
      await work();
    } finally {
      this.#telling = false;
    }
  }

  #alert(): Alert {
    const { settings, clock } = this.#options;
    const since = formatTime(this.#lastLook, settings.timezone);
    return {
      ...{
        kind: 'queue-away',
        about: '',
        title: 'Redis cannot be used',
        project: settings.prefix,
        state: 'raised',
      },
      ...{ at: new Date(clock.now()).toISOString(), since: new Date(this.#lastLook).toISOString() },
      text: `Since ${since} ${settings.timezone} the queue could not be looked at: ${this.#reason}. The schedule waits for it, and nothing else can be watched; a worker that runs makes a backup by itself when the newest is too old. Look at Redis, its log and its disk, and at REDIS_URL. What was backed up can be restored without it.`,
    };
  }
}
