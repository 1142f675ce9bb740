import { describe, expect, test } from 'vitest';
import { openStore } from './open-store.ts';
import { parseLocation, redactStoreUrl, type StoreLocation } from './location.ts';

const UNDERSTOOD: [string, StoreLocation][] = [
  ['file:///mnt/nas/a%20b/', { kind: 'directory', path: '/mnt/nas/a b' }],
  ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '', lockMode: 'COMPLIANCE' }],
  [
    's3://bucket/a/b/?endpoint=http://127.0.0.1:7480&region=eu-1&lock=governance',
    {
      kind: 's3',
      bucket: 'bucket',
      prefix: 'a/b',
      endpoint: 'http://127.0.0.1:7480',
      region: 'eu-1',
      lockMode: 'GOVERNANCE',
    },
  ],
  [
    's3://bucket/?endpoint=s3.example.org',
    { kind: 's3', bucket: 'bucket', prefix: '', endpoint: 'https://s3.example.org', lockMode: 'COMPLIANCE' },
  ],
  ['sftp://me@host/srv/x', { kind: 'sftp', user: 'me', host: 'host', port: 22, path: '/srv/x' }],
  [
    'sftp://me@[::1]:2222/~/x/?hostkey=SHA256:a+b/c',
    { kind: 'sftp', user: 'me', host: '::1', port: 2222, path: 'x', hostKey: 'SHA256:a+b/c' },
  ],
  ['rest+https://host:8000/me', { kind: 'rest', url: 'https://host:8000/me/' }],
  ['rest+http://me@host', { kind: 'rest', url: 'http://host/', user: 'me' }],
  ['webdav+https://m%40e@host/dav/x/', { kind: 'webdav', url: 'https://host/dav/x/', user: 'm@e' }],
  ['rclone:b2:bucket/x/', { kind: 'rclone', remote: 'b2', path: 'bucket/x' }],
  ['rclone:my remote:', { kind: 'rclone', remote: 'my remote', path: '' }],
  ['rclone::local:/srv', { kind: 'rclone', remote: ':local', path: '/srv' }],
];

test.each(UNDERSTOOD)('%s', (url, location) => expect(parseLocation(url)).toEqual(location));

const SECRET = 'geheim';

describe('what is refused says why and what to do, and repeats no secret', () => {
  test.each([
    ['nothing', /no scheme/],
    [`/mnt/${SECRET}`, /no scheme/],
    [`ftp://me:${SECRET}@host/x`, /no kind of store/],
    [`file://${SECRET}/x`, /absolute path/],
    ['file:///', /absolute path/],
    [`s3://key:${SECRET}@bucket/`, /password/],
    [`s3://${SECRET}@bucket/`, /keys do not belong/],
    [`s3://bucket/?endpoint=http://key:${SECRET}@host`, /endpoint/],
    [`s3://bucket/?secret=${SECRET}`, /parameter/],
    ['s3:///x', /lacks the name of a bucket/],
    ['s3://b1/x', /no bucket can be called "b1"/],
    ['s3://bucket/?lock=often', /compliance or governance/],
    [`sftp://me:${SECRET}@host/x`, /password/],
    ['sftp://host/x', /user/],
    ['sftp://me@host', /path/],
    [`rest+https://me:${SECRET}@host/`, /password/],
    [`webdav+https://me:${SECRET}@host/`, /password/],
    [`webdav+https://host/?token=${SECRET}`, /parameter/],
    ['webdav+https://', /no URL/],
    ['webdav+https://host/%zz', /%/],
    [`rclone::s3,secret_access_key=${SECRET}:x`, /remote/],
    ['rclone:remote', /remote/],
  ])('%s', async (url, why) => {
    const error = await openStore(url).then(
      () => expect.unreachable(),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({
      kind: 'misconfigured',
      why: expect.stringMatching(why),
      hint: expect.any(String),
    });
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain(SECRET);
  });
});

test.each([
  [`sftp://me:${SECRET}@host/x`, 'sftp://me@host/x'],
  [`s3://bucket/x?key=${SECRET}`, 's3://bucket/x'],
  [`rest+https://me:a@${SECRET}@host/`, 'rest+https://me@host/'],
  [`rest+https://:${SECRET}@host/`, 'rest+https://host/'],
  ['rclone:b2:x', 'rclone:b2:x'],
])('%s is shown as %s', (url, shown) => expect(redactStoreUrl(url)).toBe(shown));
