/** Live streams end with the right to see them, and nobody takes them all. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { quickHash, visit, type Visitor } from '../visitor.fixture.ts';

const PASSWORD = 'correct horse battery';
const TOKEN = 'a-token-for-scripts-0123';
const HOUR = 60 * 60 * 1000;
const LOCKED = { BACKUP_DASHBOARD_PASSWORD: quickHash(PASSWORD), BACKUP_DASHBOARD_TOKEN: TOKEN };
const start = async (env = {}, clock = fakeClock()) =>
  visit(await mkdtemp(join(tmpdir(), 'gofr-events-')), env, [], clock);
const signIn = (visitor: Visitor) => visitor.submit('./login', { password: PASSWORD }, './login');

/** All that is heard until the other side ends the stream. */
async function heardOf(stream: Response): Promise<string> {
  let heard = '';
  for await (const chunk of stream.body!) heard += Buffer.from(chunk).toString();
  return heard;
}

test('signing out ends the streams of the session, and says so', async () => {
  await using visitor = await start(LOCKED);
  await signIn(visitor);
  const streams = [await visitor.ask('./events'), await visitor.ask('./events')];
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  expect((await visitor.submit('./logout')).status).toBe(303);
  for (const stream of streams) expect(await heardOf(stream)).toMatch(/event: hello[^]*event: over\n/);
  expect((await visitor.ask('./events', { headers: { accept: 'text/event-stream' } })).status).toBe(401);
});

test('the end of its twelve hours ends a stream', async () => {
  const clock = fakeClock();
  await using visitor = await start(LOCKED, clock);
  await signIn(visitor);
  const stream = await visitor.ask('./events');
  clock.advance(12 * HOUR + 1);
  expect(await heardOf(stream)).toContain('event: over\n');
});

test('a stream of one session does not end with another', async () => {
  await using visitor = await start(LOCKED);
  await signIn(visitor);
  const stream = await visitor.ask('./events');
  visitor.forget();
  await signIn(visitor);
  await visitor.submit('./logout');
  const over = heardOf(stream).then(() => 'over');
  const later = new Promise((resolve) => setTimeout(() => resolve('goes on'), 2500));
  expect(await Promise.race([over, later])).toBe('goes on');
});

test('a client has eight streams, all together two hundred; who ends one may open another', async () => {
  await using visitor = await start(LOCKED);
  await signIn(visitor);
  const ends: AbortController[] = [];
  // an answer that nobody holds is closed when it is collected
  const answers: Response[] = [];
  const open = async () => {
    const end = new AbortController();
    ends.push(end);
    const answer = await visitor.ask('./events', { signal: end.signal });
    answers.push(answer);
    return [answer.status, answer.headers.get('retry-after')];
  };
  for (let i = 0; i < 10; i++) await visitor.ask('./events', { method: 'HEAD' });
  for (let i = 0; i < 8; i++) expect((await open())[0]).toBe(200);
  expect(await open()).toEqual([429, '30']);
  // a token without a session is another client, counted by its address
  const end = new AbortController();
  ends.push(end);
  const headers = { authorization: `Bearer ${TOKEN}` };
  answers.push(await fetch(new URL('./events', visitor.url), { headers, signal: end.signal }));
  expect(answers.at(-1)?.status).toBe(200);
  ends[0]!.abort();
  await expect.poll(async () => (await open())[0], { timeout: 5000 }).toBe(200);
  for (let session = 1; session < 25; session++) {
    visitor.forget();
    await signIn(visitor);
    for (let i = 0; i < 8; i++) await open();
  }
  visitor.forget();
  await signIn(visitor);
  expect(await open()).toEqual([503, '30']);
  for (const end of ends) end.abort();
});
