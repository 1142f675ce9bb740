/** Who gets in while others guess, and with which token. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quickHash, visit, type Visitor } from '../visitor.fixture.ts';

const PASSWORD = 'correct horse battery';
const TOKEN = 'a-token-for-scripts-0123';
const METRICS_TOKEN = 'a-token-for-metrics-0123';
const LOCKED = {
  BACKUP_DASHBOARD_PASSWORD: quickHash(PASSWORD),
  BACKUP_DASHBOARD_TOKEN: TOKEN,
  BACKUP_METRICS_TOKEN: METRICS_TOKEN,
};
const closed = async (env = {}) => visit(await mkdtemp(join(tmpdir(), 'gofr-entry-')), { ...LOCKED, ...env });
const bearer = (token: string, more: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${token}`, accept: '*/*', ...more },
});

/** Each from an address of its own, as its proxy says. */
async function guesser(visitor: Visitor) {
  const csrf = /name="csrf" value="([^"]+)"/.exec(await visitor.text('./login'))?.[1] ?? '';
  return (password: string, address: string) =>
    visitor.ask('./login', {
      method: 'POST',
      headers: { 'x-forwarded-for': address },
      body: new URLSearchParams({ csrf, password }),
    });
}

test('wrong passwords from everywhere lock nobody out: neither a right password nor a right token', async () => {
  await using visitor = await closed({ BACKUP_DASHBOARD_TRUST_PROXY: 'true' });
  const guess = await guesser(visitor);
  const from = (i: number) => `10.0.${i >> 2}.${i & 3}`;
  const answers = await Promise.all(Array.from({ length: 62 }, (_, i) => guess('wrong', from(i))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  const began = performance.now();
  expect((await guess(PASSWORD, '192.0.2.7')).status).toBe(303);
  expect(performance.now() - began).toBeLessThan(5000);
  const scraped = await visitor.ask('./metrics', bearer(TOKEN, { 'x-forwarded-for': '192.0.2.8' }));
  expect(scraped.status).toBe(200);
});

test('a right token gets in at once while its own address fails with tokens and passwords', async () => {
  await using visitor = await closed();
  const guess = await guesser(visitor);
  const attack = new AbortController();
  for (let i = 0; i < 5; i++) expect((await visitor.ask('./metrics', bearer('wrong'))).status).toBe(401);
  const waiting = Array.from({ length: 15 }, () => [
    visitor.ask('./metrics', { ...bearer('wrong'), signal: attack.signal }),
    guess('wrong', ''),
  ]).flat();
  for (const path of ['./metrics', './', './backups']) {
    const began = performance.now();
    expect((await visitor.ask(path, bearer(TOKEN))).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(3000);
  }
  const crowded = (await Promise.race(waiting)) ?? undefined;
  expect([401, 429]).toContain(crowded?.status);
  attack.abort();
  await visitor[Symbol.asyncDispose]();
  await Promise.allSettled(waiting);
});

test('the sixth try of an address takes a second, and is still judged', async () => {
  await using visitor = await closed();
  const guess = await guesser(visitor);
  for (let i = 0; i < 5; i++) expect((await guess('wrong', '')).status).toBe(401);
  const began = performance.now();
  expect((await guess(PASSWORD, '')).status).toBe(303);
  expect(performance.now() - began).toBeGreaterThan(950);
});

test('the token for metrics opens them, and nothing else by any method', async () => {
  await using visitor = await closed();
  const scraped = await visitor.ask('./metrics', bearer(METRICS_TOKEN));
  expect([scraped.status, await scraped.text()]).toEqual([200, expect.stringContaining('gofr_backup_safe')]);
  const elsewhere = [
    './',
    './backups',
    './settings',
    './jobs',
    './events',
    './queues/api/queues',
    './metrics/',
    './x',
  ];
  for (const path of elsewhere)
    expect([path, (await visitor.ask(path, bearer(METRICS_TOKEN))).status]).toEqual([path, 403]);
  for (const path of ['./actions/backup', './metrics', './logout', './queues/api/queues/pause']) {
    const answer = await visitor.ask(path, { ...bearer(METRICS_TOKEN), method: 'POST' });
    expect([path, answer.status]).toEqual([path, 403]);
  }
  expect((await visitor.ask('./metrics', bearer(`${METRICS_TOKEN}x`))).status).toBe(401);
  expect((await visitor.ask('./metrics', bearer(TOKEN))).status).toBe(200);
});

test('what is not ready is told to the holder of a token alone', async () => {
  await using visitor = await closed();
  const ready = async (init?: RequestInit) => (await visitor.ask('./readyz', init)).json();
  expect(await ready()).toEqual({ ok: false });
  expect(await ready(bearer('wrong'))).toEqual({ ok: false });
  for (const token of [TOKEN, METRICS_TOKEN])
    expect(await ready(bearer(token))).toMatchObject({
      ok: false,
      problems: expect.arrayContaining(['no-good-backup']),
    });
});

const CHAIN = '192.0.2.1, 198.51.100.4';

test.for([
  ['nobody', 'false', `${CHAIN}, 203.0.113.9`, undefined],
  ['another network', '10.0.0.0/8,fd00::/8', `${CHAIN}, 203.0.113.9`, undefined],
  ['every peer', 'true', `${CHAIN}, 203.0.113.9`, '203.0.113.9'],
  [
    'the network of its peer and of a proxy before it',
    '10.0.0.0/8, 127.0.0.0/8',
    `${CHAIN}, 10.1.1.1`,
    '198.51.100.4',
  ],
] as const)(
  'when %s is trusted, a client is whom a proxy names accordingly',
  async ([, trusted, chain, client]) => {
    await using visitor = await closed({ BACKUP_DASHBOARD_TRUST_PROXY: trusted });
    const guess = await guesser(visitor);
    const isSlow = async (address: string) => {
      const began = performance.now();
      await guess('wrong', address);
      return performance.now() - began > 950;
    };
    for (let i = 0; i < 5; i++) expect((await guess('wrong', chain)).status).toBe(401);
    if (client !== undefined) expect(await isSlow('192.0.2.99')).toBe(false);
    expect(await isSlow(client ?? '192.0.2.99')).toBe(true);
    visitor.forget();
    const login = await visitor.ask('./login', { headers: { 'x-forwarded-proto': 'https' } });
    expect(/; Secure/.test(login.headers.get('set-cookie') ?? '')).toBe(client !== undefined);
  },
);
