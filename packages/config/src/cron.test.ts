import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkCron, cronOrOff } from './cron.ts';

const rejected: [string, RegExp][] = [
  ['H 2 * * *', /H as minute/],
  ['0 H(2-4) * * *', /H as hour/],
  ['0 0 2 * * *', /6 fields/],
  ['0 2 * *', /4 of 5 fields/],
  ['@daily', /nickname/],
  ['60 * * * *', /^minute is 60; it must be 0-59$/],
  ['* 24 * * *', /^hour is 24; it must be 0-23$/],
  ['*/0 * * * *', /names no time/],
  ['0 0 30 2 *', /names no time/],
  ['a b c d e', /names no time/],
  ['hourly', /1 of 5 fields/],
];
test.each(rejected)('%s is rejected with its reason', (text, reason) => {
  expect(() => checkCron(text)).toThrow(reason);
});

test('every minute and hour, plainly or as range, step and list, is accepted as it is', () => {
  const field = (max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 0, max }).map(String),
      fc.integer({ min: 1, max }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min: 0, max }), fc.integer({ min: 0, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc
        .uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 4 })
        .map((list) => list.join(',')),
    );
  fc.assert(
    fc.property(field(59), field(23), field(6), (minute, hour, weekday) => {
      const text = `${minute} ${hour} * * ${weekday}`;
      expect(checkCron(text)).toBe(text);
    }),
  );
});

test('names of weekdays and months, and Sunday as 7', () => {
  expect(checkCron('0  2 * JAN mon-fri')).toBe('0 2 * JAN mon-fri');
  expect(checkCron('0 2 * * 7')).toBe('0 2 * * 7');
});

test('a schedule can be switched off by a word', () => {
  expect(cronOrOff.schema.parse('off')).toBeNull();
  expect(cronOrOff.schema.parse('0 5 * * *')).toBe('0 5 * * *');
});
