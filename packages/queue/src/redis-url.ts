/**
 * REDIS_URL in all its forms:
 * `redis://user:password@host:6379/0`, `rediss://…` (TLS), `unix:///path/redis.sock?db=1`,
 * `redis+sentinel://h1:26379,h2/name/0`, `redis+cluster://h1:6379,h2`; `rediss+…` for TLS.
 */
import type { RedisOptions } from 'ioredis';
import { BackupError } from '@gofr-backup/model';

export interface Host {
  host: string;
  port: number;
}
type Common = Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>;
export type RedisTarget =
  | { kind: 'single'; options: Common & ({ host: string; port: number } | { path: string }) }
  | { kind: 'sentinel'; options: Common & { sentinels: Host[]; name: string } }
  | { kind: 'cluster'; nodes: Host[]; options: Common };

/** A password may hold a slash; what begins with one is the path of a socket. */
const FORM =
  /^(?<scheme>[a-z+]+):\/\/(?:(?<credentials>(?!\/).*)@)?(?<hosts>[^/?#]*)(?<rest>[^?#]*)(?:\?(?<query>[^#]*))?$/i;
const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

/** Throws CONFIG; never puts the URL, which may hold a password, in a message. */
export function parseRedisUrl(url: string): RedisTarget {
  const parts = FORM.exec(url)?.groups;
  if (!parts) throw malformed('it has no scheme');
  const { hosts = '', rest = '' } = parts;
  const scheme = (parts['scheme'] ?? '').toLowerCase();
  const common: Common = { ...credentialsOf(parts['credentials']), ...tlsOf(scheme) };
  switch (scheme.replace(/^rediss/, 'redis')) {
    case 'unix': {
      const db = new URLSearchParams(parts['query']).get('db');
      return { kind: 'single', options: { ...common, path: decodeURIComponent(rest), ...databaseOf(db) } };
    }
    case 'redis': {
      const [{ host, port }] = hostsOf(hosts, REDIS_PORT);
      return { kind: 'single', options: { ...common, host, port, ...databaseOf(rest.slice(1)) } };
    }
    case 'redis+sentinel': {
      const [, name = '', db = ''] = rest.split('/');
      if (!name) throw malformed('it lacks the name of the Sentinel group');
      const sentinels = hostsOf(hosts, SENTINEL_PORT);
      return { kind: 'sentinel', options: { ...common, sentinels, name, ...databaseOf(db) } };
    }
    case 'redis+cluster':
      return { kind: 'cluster', nodes: hostsOf(hosts, REDIS_PORT), options: common };
    default:
      throw malformed(`${scheme}:// is not known`);
  }
}

/** The URL without its credentials, for logs and errors. */
export function redactRedisUrl(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)(?!\/).*@/i, '$1');
}

function credentialsOf(text: string | undefined): Common {
  if (!text) return {};
  const colon = text.indexOf(':');
  const [username, password] = colon < 0 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1)];
  return {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
  };
}

const tlsOf = (scheme: string): Common => (scheme.startsWith('rediss') ? { tls: {} } : {});

function databaseOf(text: string | null): Common {
  if (!text) return {};
  if (!/^\d+$/.test(text)) throw malformed('its database is not a number');
  return { db: Number(text) };
}

function hostsOf(text: string, defaultPort: number): [Host, ...Host[]] {
  const [first, ...more] = text.split(',').map((one) => {
    const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(one);
    if (!match?.[1]) throw malformed('a host is missing');
    return { host: match[1].replace(/^\[|\]$/g, ''), port: Number(match[2] ?? defaultPort) };
  });
  if (!first) throw malformed('a host is missing');
  return [first, ...more];
}

function malformed(why: string): BackupError {
  return new BackupError('CONFIG', 'REDIS_URL cannot be read', {
    why,
    hint: 'Write it as redis://user:password@host:6379/0, unix:///path/redis.sock or one of the other forms in docs/configuration.md.',
  });
}
