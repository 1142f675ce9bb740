import { expect, test } from 'vitest';
import { maskUrl } from './describe.ts';
import { checkRedisUrl } from './redis-url.ts';

test.each([
  'redis://localhost',
  'redis://:secret@redis:6379/0',
  'rediss://user:p%40ss@redis.example.org:6380/2',
  'redis://[::1]:6379',
  'unix:///run/redis/redis.sock',
  'unix:///run/redis/redis.sock?db=1',
  'redis+sentinel://h1:26379,h2/primary',
  'redis+cluster://:secret@h1:7000,h2:7001,h3',
])('%s is taken', (url) => {
  expect(checkRedisUrl(url)).toBe(url);
});

test.each([
  ['redis', /scheme/],
  ['http://redis:6379', /unknown scheme/],
  ['redis://', /host/],
  ['redis://h:99999', /port/],
  ['redis://h/zero', /database/],
  ['redis://h1,h2', /host/],
  ['unix://', /path/],
  ['redis+sentinel://h1,h2', /Sentinel group/],
  ['redis+cluster://h1,,h2', /host/],
])('%s is refused', (url, reason) => {
  expect(() => checkRedisUrl(url)).toThrow(reason);
});

test.each([
  ['redis://:secret@redis:6379/0', 'redis://:***@redis:6379/0'],
  ['redis://user:a@b:c@redis/0', 'redis://user:***@redis/0'],
  ['unix:///run/redis.sock?password=secret', 'unix:///run/redis.sock?password=***'],
  ['redis://redis', 'redis://redis'],
  ['secret', '***'],
])('%s is shown as %s', (url, shown) => {
  expect(maskUrl(url)).toBe(shown);
});
