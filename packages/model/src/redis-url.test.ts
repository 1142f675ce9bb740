import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRedisUrl, redactRedisUrl } from './redis-url.ts';

test.for([
  ['redis://h', { kind: 'single', options: { host: 'h', port: 6379 } }],
  [
    'redis://u:p%40ss/word@h:1234/3',
    { kind: 'single', options: { host: 'h', port: 1234, username: 'u', password: 'p@ss/word', db: 3 } },
  ],
  [
    'redis://:secret@[::1]:6380',
    { kind: 'single', options: { host: '::1', port: 6380, password: 'secret' } },
  ],
  ['rediss://h', { kind: 'single', options: { host: 'h', port: 6379, tls: {} } }],
  ['unix:///run/a%20b/redis.sock?db=2', { kind: 'single', options: { path: '/run/a b/redis.sock', db: 2 } }],
  ['unix:///tmp/x@y/redis.sock', { kind: 'single', options: { path: '/tmp/x@y/redis.sock' } }],
  [
    'unix://u:p@/run/redis.sock',
    { kind: 'single', options: { path: '/run/redis.sock', username: 'u', password: 'p' } },
  ],
  [
    'redis+sentinel://:p@a:1,b/main/4',
    {
      kind: 'sentinel',
      options: {
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        name: 'main',
        db: 4,
        password: 'p',
      },
    },
  ],
  [
    'rediss+cluster://a:1,b',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      options: { tls: {} },
    },
  ],
  [
    'rediss+sentinel://:p@a/main?ca=/etc/ca%20b.pem&cert=/c.pem&key=/k.pem&sentinel_user=s&sentinel_password=p%40+1&db=2',
    {
      kind: 'sentinel',
      options: {
        ...{ sentinels: [{ host: 'a', port: 26_379 }], name: 'main', password: 'p', db: 2 },
        ...{ sentinelUsername: 's', sentinelPassword: 'p@+1' },
        tls: { ca: '/etc/ca b.pem', cert: '/c.pem', key: '/k.pem' },
      },
    },
  ],
] as const)('%s', ([url, target]) => {
  expect(parseRedisUrl(url)).toEqual(target);
});

test.for([
  ['', /scheme/],
  ['redis', /scheme/],
  ['http://h', /unknown scheme/],
  ['redis://', /host/],
  ['redis://h1,h2', /host/],
  ['redis://h:99999', /port/],
  ['redis://h:0', /port/],
  ['redis://h/x', /database/],
  ['redis://h#1', /database/],
  ['unix:///run/redis.sock?db=x', /database/],
  ['unix://', /path/],
  ['unix:///', /path/],
  ['unix://host/redis.sock', /path/],
  ['redis+sentinel://a,b', /Sentinel group/],
  ['redis+sentinel://a,b/main/x', /database/],
  ['redis+cluster://a,,b', /host/],
  ['redis+cluster://a/1', /only database 0/],
  ['redis+cluster://a?db=1', /only database 0/],
  ['redis+cluster://a/x', /only database 0/],
  ['redis://h?ca=/ca.pem', /needs TLS/],
  ['rediss://h?ca=ca.pem', /not absolute/],
  ['rediss://h?sentinel_password=x', /is for Sentinels/],
  ['rediss://h?tls=1', /only \?db=, \?ca=, \?cert=, \?key= may/],
  ['redis://:p%zz@h', /%25/],
] as const)('%s is refused', ([url, reason]) => {
  expect(() => parseRedisUrl(url)).toThrow(reason);
});

test('a password is in no error and in no redacted URL', () => {
  const password = fc.stringMatching(/^[A-Za-z0-9/:_.!-]{8,20}$/).map((text) => `S3CRET${text}`);
  const form = fc.constantFrom(
    'redis://u:',
    'redis+cluster://:',
    'unix://u:',
    'nonsense://u:',
    'redis+sentinel://',
    'redis+sentinel://h/main?sentinel_password=',
  );
  fc.assert(
    fc.property(
      form,
      password,
      fc.constantFrom('@h:1/x', '@', '@h,,/', '@h/0', '%@h'),
      (start, secret, end) => {
        const url = start + secret + end;
        expect(redactRedisUrl(url)).not.toContain('S3CRET');
        try {
          parseRedisUrl(url);
        } catch (error) {
          expect(String(error)).not.toContain('S3CRET');
        }
      },
    ),
  );
});
