import { expect, test } from 'vitest';
import { maskUrl } from './describe.ts';
import { redisUrl } from './redis-url.ts';

const read = (url: string) => redisUrl.schema.safeParse(url);

test.each([
  'redis://:secret@redis:6379/0',
  'unix:///run/redis/redis.sock?db=1',
  'unix:///tmp/x@y.sock',
  'redis+sentinel://h1:26379,h2/primary',
])('%s is kept as it was written', (url) => {
  expect(read(url).data).toBe(url);
});

test('what `connect` could not read is refused with its reason', () => {
  expect(read('redis://:p%zz@h').error?.issues[0]?.message).toMatch(/^has a % /);
  expect(read('redis://h1,h2').error?.issues[0]?.message).toMatch(/^has a host /);
});

test.each([
  ['redis://:secret@redis:6379/0', 'redis://:***@redis:6379/0'],
  ['redis://user:a@b:c@redis/0', 'redis://user:***@redis/0'],
  ['unix:///run/redis.sock?password=secret', 'unix:///run/redis.sock?password=***'],
  [
    'redis+sentinel://:p@h/main?sentinel_password=s3&sentinel_user=u',
    'redis+sentinel://:***@h/main?sentinel_password=***&sentinel_user=u',
  ],
  ['redis+sentinel://h/main?sentinel_password=p@ss', 'redis+sentinel://h/main?sentinel_password=***'],
  ['redis://redis', 'redis://redis'],
  ['secret', '***'],
])('%s is shown as %s', (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});
