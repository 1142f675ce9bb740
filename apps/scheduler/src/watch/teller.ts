import { alertId, type Logger } from '@gofr-backup/model';
import { type Channel, deliver, type Message, type Patience } from '@gofr-backup/notify';

/** Checks that are left out after a failure, at most: an hour at the usual interval. */
const LONGEST_PAUSE = 120;

/** Sends messages. One that no channel took is sent again later and later, and told in the log once. */
export class Teller {
  readonly #channels: Channel[];
  readonly #logger: Logger;
  readonly #waiting = new Map<string, { failures: number; pause: number }>();

  readonly #patience: Patience | undefined;

  constructor(channels: Channel[], logger: Logger, patience?: Patience) {
    this.#channels = channels;
    this.#patience = patience;
    this.#logger = logger;
  }

  /** False: no channel took it, or its turn has not come; the next check asks again. */
  async tell(alert: Message): Promise<boolean> {
    const waiting = this.#waiting.get(stateOf(alert));
    if (waiting && waiting.pause-- > 0) return false;
    const { kind, about, state, text } = alert;
    const level = state === 'summary' ? 'info' : 'warn';
    if (!waiting) this.#logger[level]({ alert: kind, about, state, text }, 'alert');
    const deliveries = await deliver(alert, this.#channels, this.#patience);
    const failed = deliveries.filter(({ ok }) => !ok);
    if (!waiting)
      for (const { channel, attempts, reason } of failed)
        this.#logger.error({ channel, attempts, reason, alert: kind }, 'an alert could not be delivered');
    if (deliveries.length > 0 && failed.length === deliveries.length) return this.#later(alert);
    if (waiting) this.#logger.info({ alert: kind, failures: waiting.failures }, 'the alert is delivered');
    this.#waiting.delete(stateOf(alert));
    return true;
  }

  /** What is not to be told any more is forgotten. */
  onlyThese(alerts: readonly Message[]): void {
    const wanted = new Set(alerts.map(stateOf));
    for (const key of this.#waiting.keys()) if (!wanted.has(key)) this.#waiting.delete(key);
  }

  #later(alert: Message): false {
    const failures = (this.#waiting.get(stateOf(alert))?.failures ?? 0) + 1;
    this.#waiting.set(stateOf(alert), { failures, pause: Math.min(2 ** failures - 1, LONGEST_PAUSE) });
    return false;
  }
}

const stateOf = (alert: Message): string => `${alert.state} ${alertId(alert)}`;
