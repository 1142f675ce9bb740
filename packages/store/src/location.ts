/** OFFSITE_URL in all its forms. */
import { StoreError } from './store-error.ts';

export type StoreLocation =
  | { kind: 'directory'; path: string }
  | { kind: 's3'; bucket: string; prefix: string; endpoint?: string; region?: string; lockMode: LockMode }
  | { kind: 'sftp'; user: string; host: string; port: number; path: string; hostKey?: string }
  | { kind: 'rest' | 'webdav'; url: string; user?: string }
  | { kind: 'rclone'; remote: string; path: string };

/** Who may shorten a lock: nobody, or an administrator with a right of its own. */
export type LockMode = 'COMPLIANCE' | 'GOVERNANCE';

const FORMS = [
  'file:///mnt/nas/x',
  's3://bucket/prefix?endpoint=https://…&region=…',
  'sftp://user@host/path',
  'rest+https://user@host/path',
  'webdav+https://user@host/path',
  'rclone:remote:path',
];
const SSH_PORT = 22;
const BUCKET_RULE =
  'A bucket has 3 to 63 letters, digits, dots, hyphens and underscores, and begins and ends with a letter or a digit.';
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i;
const REMOTE = /^(?<remote>:[a-z0-9]+|[\p{L}\p{N}_.+@][\p{L}\p{N}_.+@ -]*):(?<path>[^\0]*)$/u;

/** Throws StoreError `misconfigured`, which repeats nothing that may be a secret. */
export function parseLocation(url: string): StoreLocation {
  const scheme = /^[a-z0-9+]+(?=:)/i.exec(url)?.[0].toLowerCase();
  const parse = scheme === undefined ? undefined : PARSERS[scheme];
  if (parse) return parse(url);
  throw wrong(scheme === undefined ? 'it has no scheme' : `${scheme}: is no kind of store`);
}

const PARSERS: Record<string, (url: string) => StoreLocation> = {
  file: directoryOf,
  s3: bucketOf,
  sftp: sftpOf,
  rclone: rcloneOf,
  'rest+http': (url) => ({ kind: 'rest', ...serverOf(url) }),
  'rest+https': (url) => ({ kind: 'rest', ...serverOf(url) }),
  'webdav+http': (url) => ({ kind: 'webdav', ...serverOf(url) }),
  'webdav+https': (url) => ({ kind: 'webdav', ...serverOf(url) }),
};

/** For logs and messages: without password and without a query. */
export function redactStoreUrl(url: string): string {
  const [place = ''] = url.split(/[?#]/, 1);
  return place.replace(/^([a-z0-9+]+:\/\/)(?:([^/@:]*)(?::.*)?@)/i, (_, scheme: string, user: string) =>
    user === '' ? scheme : `${scheme}${user}@`,
  );
}

function directoryOf(url: string): StoreLocation {
  const { hostname, pathname } = parsed(url, []);
  if (hostname !== '' || pathname.length < 2) throw wrong('a directory is named by its absolute path');
  return { kind: 'directory', path: decoded(pathname).replace(/\/+$/, '') };
}

function bucketOf(url: string): StoreLocation {
  const { hostname, pathname, searchParams, username } = parsed(url, ['endpoint', 'region', 'lock']);
  if (username !== '')
    throw wrong('keys do not belong into the URL', 'Set OFFSITE_ACCESS_KEY and OFFSITE_SECRET_KEY.');
  const bucket = decoded(hostname);
  if (bucket === '') throw wrong('it lacks the name of a bucket');
  if (!BUCKET.test(bucket)) throw wrong(`no bucket can be called "${bucket}"`, BUCKET_RULE);
  const [endpoint, region] = [searchParams.get('endpoint'), searchParams.get('region')];
  return {
    kind: 's3',
    bucket,
    prefix: folderOf(pathname),
    lockMode: lockModeOf(searchParams.get('lock') ?? 'compliance'),
    ...(endpoint && { endpoint: endpointOf(endpoint) }),
    ...(region && { region }),
  };
}

function endpointOf(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!isPlain) throw wrong('its endpoint is no address such as https://s3.example.org');
  return url.href.replace(/\/$/, '');
}

function lockModeOf(text: string): LockMode {
  if (text === 'compliance') return 'COMPLIANCE';
  if (text === 'governance') return 'GOVERNANCE';
  throw wrong('lock is compliance or governance');
}

function sftpOf(url: string): StoreLocation {
  const { hostname, port, pathname, username, searchParams } = parsed(url, ['hostkey']);
  if (hostname === '') throw wrong('it lacks a host');
  if (username === '') throw wrong('it lacks the user before the host');
  const path = decoded(pathname);
  if (path.length < 2) throw wrong('it lacks a path on the server');
  const hostKey = searchParams.get('hostkey')?.replaceAll(' ', '+');
  return {
    kind: 'sftp',
    user: decoded(username),
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? SSH_PORT : Number(port),
    path: path.replace(/\/+$/, '').replace(/^\/~\//, ''),
    ...(hostKey && { hostKey }),
  };
}

function serverOf(url: string): { url: string; user?: string } {
  const { href, hostname, username } = parsed(url.replace(/^[a-z]+\+/i, ''), []);
  if (hostname === '') throw wrong('it lacks a host');
  const base = new URL(href);
  decoded(base.pathname);
  base.username = '';
  base.pathname = base.pathname.replace(/\/*$/, '/');
  return { url: base.href, ...(username !== '' && { user: decoded(username) }) };
}

function rcloneOf(url: string): StoreLocation {
  const { remote, path } = REMOTE.exec(url.slice('rclone:'.length))?.groups ?? {};
  if (remote === undefined || path === undefined)
    throw wrong(
      'it lacks the name of a remote',
      'Write rclone:remote:path, with a remote of `rclone listremotes`.',
    );
  return { kind: 'rclone', remote, path: path.replace(/\/+$/, '') };
}

/** A password in a URL would be shown wherever the URL is: it is refused. */
function parsed(url: string, keys: readonly string[]): URL {
  const found = URL.parse(url);
  if (found === null) throw wrong('it is no URL');
  if (found.password !== '')
    throw wrong('a password does not belong into the URL', 'Set OFFSITE_PASSWORD or OFFSITE_PASSWORD_FILE.');
  const unknown = [...found.searchParams.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) throw wrong(`${found.protocol}// knows no parameter of that name after the ?`);
  return found;
}

/** Without slashes at its ends; empty: the top. */
function folderOf(pathname: string): string {
  return decoded(pathname).replace(/^\/+|\/+$/g, '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('it has a % that begins no escape: write %25 for a percent sign');
  }
}

function wrong(why: string, hint = `Write one of ${FORMS.join(', ')}.`): StoreError {
  return new StoreError('misconfigured', 'the URL of the store is not understood', { why, hint });
}
