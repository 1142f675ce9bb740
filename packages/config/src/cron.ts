import { CronExpressionParser } from 'cron-parser';
import type { Kind } from './kinds.ts';
import { parsed } from './kinds.ts';

const FIELDS = ['minute', 'hour', 'day', 'month', 'weekday'];
/** Least and most of each; 7 is Sunday too. */
const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

/**
 * Checks a 5-field cron expression; throws with the reason. cron-parser alone would take six fields, fewer than
 * five, `@daily`, and `H` (a random time, new at each start).
 */
export function checkCron(text: string): string {
  const fields = text.split(/\s+/);
  if (text.startsWith('@')) throw new Error('is a nickname, not five fields');
  if (fields.length === 6) throw new Error('has 6 fields; seconds are not supported');
  if (fields.length !== FIELDS.length) throw new Error(`has ${fields.length} of 5 fields`);
  const random = fields.findIndex((field) => /^H(?![a-z])/i.test(field));
  if (random >= 0) throw new Error(`has H as ${FIELDS[random]}, which stands for no fixed time`);
  try {
    CronExpressionParser.parse(text, { tz: 'UTC' }).next();
  } catch {
    throw new Error(outOfRange(fields) ?? 'names no time that exists');
  }
  return fields.join(' ');
}

/** The number that its field cannot have, as a clause. A step is one too. */
function outOfRange(fields: readonly string[]): string | undefined {
  for (const [at, field] of fields.entries()) {
    const [least, most] = RANGES[at]!;
    const wrong = field.match(/\d+/g)?.find((number) => Number(number) > most || Number(number) < least);
    if (wrong !== undefined) return `${FIELDS[at]} is ${wrong}; it must be ${least}-${most}`;
  }
  return undefined;
}

const ALLOWED = 'a 5-field cron expression: minute hour day month weekday';

export const cron: Kind<string> = { allowed: ALLOWED, schema: parsed(checkCron) };

/** A schedule that can be switched off (an empty variable means the default, so it needs a word). */
export const cronOrOff: Kind<string | null> = {
  allowed: `${ALLOWED}; or \`off\``,
  schema: parsed((text) => (/^(off|never)$/i.test(text) ? null : checkCron(text))),
};

/** The coming runs of a pattern, milliseconds since the epoch, soonest first; fewer where it has no more. */
export function nextRuns(pattern: string, timezone: string, from: number, count: number): number[] {
  try {
    const cron = CronExpressionParser.parse(pattern, { tz: timezone, currentDate: new Date(from) });
    return cron.take(count).map((date) => date.getTime());
  } catch {
    return [];
  }
}
