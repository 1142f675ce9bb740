import { fakeClock } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { countFailures } from './failures.ts';
import { createGuesses, type Verdict } from './guesses.ts';

const RIGHT = () => Promise.resolve(true);
const WRONG = () => Promise.resolve(false);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Pauses last until they are let go. */
function held() {
  const pauses: { ms: number; end(): void }[] = [];
  const pause = (ms: number) => new Promise<void>((resolve) => pauses.push({ ms, end: resolve }));
  return { pauses, guesses: createGuesses(fakeClock(), pause) };
}

async function failing(guesses: ReturnType<typeof createGuesses>, address: string, times = 5): Promise<void> {
  for (let i = 0; i < times; i++) await guesses.judge(address, WRONG);
}

test('the first five are judged at once, each later one waits longer, up to sixteen seconds', async () => {
  const waits: number[] = [];
  const guesses = createGuesses(fakeClock(), async (ms) => waits.push(ms));
  await failing(guesses, '192.0.2.1', 12);
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
  expect(await guesses.judge('192.0.2.1', RIGHT)).toBe('right');
  waits.length = 0;
  await failing(guesses, '192.0.2.1', 5);
  expect(waits).toEqual([]);
});

test('guesses at once are each counted before any is judged', async () => {
  const { pauses, guesses } = held();
  void Promise.all(Array.from({ length: 12 }, () => guesses.judge('192.0.2.1', WRONG)));
  await settled();
  expect(pauses.map(({ ms }) => ms)).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
});

test('whoever fails from however many networks, another one is judged at once', async () => {
  const { guesses } = held();
  for (let i = 0; i < 2000; i++) await guesses.judge(`10.0.${i >> 8}.${i & 255}`, WRONG);
  await failing(guesses, '2001:db8::1');
  void guesses.judge('2001:db8::2', WRONG);
  expect(await guesses.judge('192.0.2.7', RIGHT)).toBe('right');
  expect(await guesses.judge('2001:db8:0:1::1', RIGHT)).toBe('right');
});

test('a network waits as one: all of a /64, and an IPv4 address in whichever form', async () => {
  const { pauses, guesses } = held();
  for (let i = 0; i < 5; i++) await guesses.judge(`2001:db8:1:2:${i}::${i}`, WRONG);
  void guesses.judge('2001:db8:1:2:ffff::', RIGHT);
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207', '192.0.2.7', '192.0.2.7'])
    await guesses.judge(address, WRONG);
  void guesses.judge('192.0.2.7', RIGHT);
  await settled();
  expect(pauses).toHaveLength(2);
});

test('a right guess that has to wait is right all the same', async () => {
  const { pauses, guesses } = held();
  await failing(guesses, '192.0.2.1');
  const answer = guesses.judge('192.0.2.1', RIGHT);
  await settled();
  pauses[0]!.end();
  expect(await answer).toBe('right');
});

test('only so many of a network wait; the others of it are sent away, and those of other networks are not', async () => {
  const { guesses } = held();
  await failing(guesses, '192.0.2.1');
  const verdicts: Verdict[] = [];
  for (let i = 0; i < 13; i++)
    void guesses.judge('192.0.2.1', WRONG).then((verdict) => verdicts.push(verdict));
  await settled();
  expect(verdicts).toEqual(['crowded', 'crowded', 'crowded']);
  expect(await guesses.judge('192.0.2.2', RIGHT)).toBe('right');
});

test('when too many wait in all, the network that failed most gives way to one that failed less', async () => {
  const { guesses } = held();
  const verdicts: string[] = [];
  for (let network = 0; network < 50; network++) {
    await failing(guesses, `192.0.2.${network}`);
    for (let i = 0; i < 10; i++)
      void guesses.judge(`192.0.2.${network}`, WRONG).then((verdict) => verdicts.push(verdict));
  }
  await settled();
  expect(verdicts).toEqual([]);
  expect(await guesses.judge('198.51.100.1', RIGHT)).toBe('right');
  expect(verdicts).toEqual(['crowded']);
});

test('of those who have waited, the one that failed least is judged first; two are judged at a time', async () => {
  const { guesses } = held();
  const judged: string[] = [];
  const ends: (() => void)[] = [];
  const check = (name: string) => () =>
    new Promise<boolean>((resolve) => {
      judged.push(name);
      ends.push(() => resolve(false));
    });
  for (let i = 0; i < 2; i++) await guesses.judge('192.0.2.1', WRONG);
  for (const [address, name] of [
    ['192.0.2.9', 'first'],
    ['192.0.2.8', 'second'],
    ['192.0.2.1', 'failed twice'],
    ['192.0.2.2', 'never failed'],
    ['192.0.2.3', 'never failed, came last'],
  ] as const)
    void guesses.judge(address, check(name));
  await settled();
  expect(judged).toEqual(['first', 'second']);
  for (let i = 0; i < 3; i++) {
    ends.shift()?.();
    await settled();
  }
  expect(judged.slice(2)).toEqual(['never failed, came last', 'never failed', 'failed twice']);
});

test('who leaves while waiting makes room', async () => {
  const { guesses } = held();
  await failing(guesses, '192.0.2.1');
  const gone = new AbortController();
  const left = Array.from({ length: 10 }, () => guesses.judge('192.0.2.1', WRONG, gone.signal));
  gone.abort();
  expect(new Set(await Promise.all(left))).toEqual(new Set(['crowded']));
  const verdict = await Promise.race([guesses.judge('192.0.2.1', WRONG), settled().then(() => 'waits')]);
  expect(verdict).toBe('waits');
});

test('the memory of failures is bounded, and is lost after a day', () => {
  const clock = fakeClock();
  const failures = countFailures(clock);
  for (let i = 0; i < 25_000; i++) failures.add(`2001:db8:${i.toString(16)}:0::/64`);
  expect(failures.size()).toBe(10_000);
  failures.add('192.0.2.1');
  expect(failures.add('192.0.2.1')).toBe(1);
  clock.advance(25 * 60 * 60 * 1000);
  expect(failures.add('192.0.2.1')).toBe(0);
});
