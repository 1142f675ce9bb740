/** Numbers and times as a person reads them. MB = 1048576 bytes, as everywhere in this project. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;
const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export const formatCount = (n: number): string => n.toLocaleString('en-GB');

/** How long something took: `840 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(ms < 10 * SECOND ? 1 : 0)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
}

const plural = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? '' : 's'}`;

/** A length of time in one word pair, rounded down: `5 hours`, `3 days`. */
export function formatSpan(ms: number): string {
  const span = Math.abs(ms);
  if (span < MINUTE) return 'less than a minute';
  if (span < HOUR) return plural(Math.floor(span / MINUTE), 'minute');
  if (span < 2 * DAY) return plural(Math.floor(span / HOUR), 'hour');
  if (span < 60 * DAY) return plural(Math.floor(span / DAY), 'day');
  if (span < 730 * DAY) return plural(Math.floor(span / (30.44 * DAY)), 'month');
  return plural(Math.floor(span / (365.25 * DAY)), 'year');
}

export function formatRelative(at: number, now: number): string {
  if (Math.abs(at - now) < 45 * SECOND) return at > now ? 'in a moment' : 'just now';
  return at > now ? `in ${formatSpan(at - now)}` : `${formatSpan(now - at)} ago`;
}

/** Wall-clock renderings in one timezone. */
export interface LocalTime {
  timezone: string;
  /** `Sat 13 Dec 2025, 02:00` */
  full(at: number): string;
  /** `Sat 13 Dec 2025` */
  date(at: number): string;
  /** `13 Dec, 02:00` */
  short(at: number): string;
  /** `02:00`, with `today`, `yesterday`, `tomorrow` or the date in front */
  near(at: number, now: number): string;
  /** `2025-12-13`: equal for two instants of one local day */
  dayKey(at: number): string;
}

export function localTime(timezone: string): LocalTime {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hourCycle: 'h23', ...options });
    return (at: number) => formatter.format(at);
  };
  const clock = format({ hour: '2-digit', minute: '2-digit' });
  const date = format({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  const dayMonth = format({ day: 'numeric', month: 'short' });
  const key = new Intl.DateTimeFormat('en-CA', { timeZone: timezone });
  const dayKey = (at: number) => key.format(at);
  const tidy = (text: string) => text.replace(/^(\w+), /, '$1 ');
  const near = (at: number, now: number) => {
    const names: Record<string, string> = {
      [dayKey(now - DAY)]: 'yesterday',
      [dayKey(now + DAY)]: 'tomorrow',
      [dayKey(now)]: 'today',
    };
    return `${names[dayKey(at)] ?? tidy(date(at))} ${clock(at)}`;
  };
  return {
    timezone,
    full: (at) => `${tidy(date(at))}, ${clock(at)}`,
    date: (at) => tidy(date(at)),
    short: (at) => `${dayMonth(at)}, ${clock(at)}`,
    near,
    dayKey,
  };
}
