/** Days, weeks and months as numbers, so that ages are differences. Weeks begin on Sunday. */
import { DateTime } from 'luxon';

export interface CalendarPlace {
  /** days since 1970-01-01, by the local date */
  day: number;
  week: number;
  month: number;
}

const DAY = 86_400_000;
/** 1970-01-01 was a Thursday: the Sunday before it is day -4. */
const SUNDAY_BEFORE_EPOCH = 4;

/** `at`: milliseconds since the epoch. */
export function placeInCalendar(at: number, timezone: string): CalendarPlace {
  const { year, month, day } = DateTime.fromMillis(at, { zone: timezone });
  const days = Math.floor(Date.UTC(year, month - 1, day) / DAY);
  return { day: days, week: Math.floor((days + SUNDAY_BEFORE_EPOCH) / 7), month: year * 12 + month - 1 };
}
