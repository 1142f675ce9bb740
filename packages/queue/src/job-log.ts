/** A job's own log: what `gofr-backup logs`, `follow` and dashboards show of it. */
import type { Job } from 'bullmq';
import { type Clock, jsonText, type Logger, oneLine, printableJson } from '@gofr-backup/model';

export interface JobLog {
  logger: Logger;
  /** Waits until everything logged so far is in Redis, or could not be written. */
  flush(): Promise<void>;
}

/** Writes every line to the service's log, with `context`, and from `info` on to the job's own. */
export function jobLog(job: Job, service: Logger, context: object, clock: Clock): JobLog {
  let written: Promise<unknown> = Promise.resolve();
  const write = (level: 'info' | 'warn' | 'error', fields: object, message: string): void => {
    service[level]({ ...context, ...fields }, message);
    const line = logLine(clock.now(), level, fields, message);
    // a log line that cannot be written must not fail a backup
    written = written.then(() => job.log(line)).catch(() => {});
  };
  return {
    logger: {
      debug: (fields, message) => service.debug({ ...context, ...fields }, message),
      info: (fields, message) => write('info', fields, message),
      warn: (fields, message) => write('warn', fields, message),
      error: (fields, message) => write('error', fields, message),
    },
    flush: async () => void (await written),
  };
}

/** `2025-12-13T02:00:00.000Z info message key=value` */
export function logLine(now: number, level: string, fields: object, message: string): string {
  const facts = Object.entries(fields).map(([key, value]) => ` ${oneLine(key)}=${factText(value)}`);
  return `${new Date(now).toISOString()} ${level} ${oneLine(message)}${facts.join('')}`;
}

const MAX_FACT = 2000;

/** One value on one line, quoted where it would not be one word. */
export function factText(value: unknown): string {
  if (value instanceof Error) return jsonText(value.message);
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  const short = text.length > MAX_FACT ? `${text.slice(0, MAX_FACT)}…` : text;
  return typeof value !== 'string' || /^[\w./:+@-]+$/.test(short) ? printableJson(short) : jsonText(short);
}
