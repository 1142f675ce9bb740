/**
 * Sizes, counts, times and dates as a person reads them: on a terminal, a page, in a log, and in the browser, which gets
 * this very file. It imports nothing.
 */
const LOCALE = 'en';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
/** The first formatter of a process takes 15 ms to make, so each is made when it is needed. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const digits = (count: number) =>
  once(
    () =>
      new Intl.NumberFormat(LOCALE, {
        minimumFractionDigits: count,
        maximumFractionDigits: count,
        useGrouping: false,
      }),
  );
const [whole, oneDigit, twoDigits] = [digits(0), digits(1), digits(2)];

/** `1023 B`, `15.32 MB`, `300.0 MB`: units count in 1024s, as the listing does. */
export function formatSize(bytes: number): string {
  const size = Math.abs(bytes);
  const power = size < 1024 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  const number = power === 0 ? whole : Math.abs(value) < 100 ? twoDigits : oneDigit;
  return `${number().format(value)} ${UNITS[power]}`;
}

const grouped = once(() => new Intl.NumberFormat(LOCALE));
const plural = once(() => new Intl.PluralRules(LOCALE));

/** `1,234` */
export const formatNumber = (value: number): string => grouped().format(value);

/** `1 file`, `1,234 files` */
export const formatCount = (value: number, one: string, many = `${one}s`): string =>
  `${grouped().format(value)} ${plural().select(value) === 'one' ? one : many}`;

/** How long something took: `950 ms`, `2.3 s`, `4 min 12 s`, `3 h 5 min`, `3 h`. */
export function formatDuration(milliseconds: number): string {
  const tenths = Math.round(milliseconds / 100);
  if (milliseconds < 999.5) return `${whole().format(milliseconds)} ms`;
  if (tenths < 600) return `${oneDigit().format(tenths / 10)} s`;
  const seconds = Math.floor(tenths / 10);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return twoUnits([minutes, 'min'], [seconds % 60, 's']);
  return twoUnits([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min']);
}

const twoUnits = (...parts: [number, string][]): string =>
  parts.flatMap(([value, unit], at) => (at > 0 && value === 0 ? [] : [`${value} ${unit}`])).join(' ');

/** What is left: `1:05`, `1:02:05`. */
export function formatCountdown(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const duration = { hours: Math.floor(minutes / 60), minutes: minutes % 60, seconds: whole % 60 };
  // made here, because older browsers have none
  const digital = new Intl.DurationFormat(LOCALE, { style: 'digital', hoursDisplay: 'auto' });
  return digital.format(duration).replace(/^0(?=\d)/, '');
}

type SpanUnit = 'minute' | 'hour' | 'day' | 'month' | 'year';

/** Up to which length, exclusive, a span is told in the unit, and how long one is. */
const SPANS: [number, SpanUnit, number][] = [
  [HOUR, 'minute', MINUTE],
  [2 * DAY, 'hour', HOUR],
  [60 * DAY, 'day', DAY],
  [730 * DAY, 'month', 30.44 * DAY],
  [Infinity, 'year', 365.25 * DAY],
];

/** One unit, rounded down; undefined: less than a minute. */
function inOneUnit(milliseconds: number): [number, SpanUnit] | undefined {
  const span = Math.abs(milliseconds);
  if (!(span >= MINUTE)) return undefined;
  const [, unit, length] = SPANS.find(([below]) => span < below) ?? SPANS.at(-1)!;
  return [Math.floor(span / length), unit];
}

/** A length of time: `5 hours`, `3 days`, `less than a minute`. */
export function formatSpan(milliseconds: number): string {
  const found = inOneUnit(milliseconds);
  return found ? formatCount(...found) : 'less than a minute';
}

const relative = once(() => new Intl.RelativeTimeFormat(LOCALE));

/** `in 19 hours`, `3 days ago`, `just now` */
export function formatRelative(at: number, now: number): string {
  const isToCome = at > now;
  if (Math.abs(at - now) < 45 * SECOND) return isToCome ? 'in a moment' : 'just now';
  const found = inOneUnit(at - now);
  if (found === undefined) return isToCome ? 'in less than a minute' : 'less than a minute ago';
  return relative().format(isToCome ? found[0] : -found[0], found[1]);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timezone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timezone);
  if (clock === undefined) {
    // Sweden writes dates as ISO 8601 does
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(timezone, clock);
  }
  return clock;
}

/** `2025-12-13 02:00:00` in the zone */
export const formatTime = (at: number, timezone: string): string => clockOf(timezone).format(at);

/** `2025-12-13 02:00` */
export const formatMinute = (at: number, timezone: string): string => formatTime(at, timezone).slice(0, -3);

/** `2025-12-13`: equal for two instants of one local day */
export const formatDate = (at: number, timezone: string): string => formatTime(at, timezone).slice(0, -9);

/** `today 02:00`, also yesterday and tomorrow; else `2025-12-13 02:00` */
export function formatNear(at: number, now: number, timezone: string): string {
  const names = { yesterday: now - DAY, today: now, tomorrow: now + DAY };
  const day = formatDate(at, timezone);
  const name = Object.entries(names).find(([, instant]) => formatDate(instant, timezone) === day)?.[0] ?? day;
  return `${name} ${formatMinute(at, timezone).slice(-5)}`;
}

/** A local time as the catalogue has it (`2025-12-13T02:00:00`), as it is shown. */
export const formatTimestamp = (timestamp: string): string => timestamp.slice(0, 19).replace('T', ' ');
