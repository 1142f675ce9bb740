/**
 * REDIS_URL in all its forms:
 * `redis://user:password@host:6379/0`, `rediss://…` (TLS), `unix:///path/redis.sock?db=1`,
 * `redis+sentinel://h1:26379,h2/name/0`, `redis+cluster://h1:6379,h2`; `rediss+…` for TLS.
 */

interface Host {
  host: string;
  port: number;
}
interface Common {
  username?: string;
  password?: string;
  db?: number;
  /** with the certificates that Node trusts */
  tls?: object;
}
export type RedisTarget =
  | { kind: 'single'; options: Common & (Host | { path: string }) }
  | { kind: 'sentinel'; options: Common & { sentinels: Host[]; name: string } }
  | { kind: 'cluster'; nodes: Host[]; options: Common };

/** A password may hold a slash; what begins with one is the path of a socket. */
const FORM =
  /^(?<scheme>[a-z+]+):\/\/(?:(?<credentials>(?!\/).*)@)?(?<hosts>[^/?#]*)(?<rest>[^?]*)(?:\?(?<query>.*))?$/i;
const HOST = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[a-z0-9._-]+))(?::(?<port>\d{1,5}))?$/i;
const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;
const LAST_PORT = 65_535;

/** Throws with the reason, which completes "REDIS_URL …" and holds nothing of the URL: that may hold a password. */
export function parseRedisUrl(url: string): RedisTarget {
  const parts = FORM.exec(url)?.groups;
  if (!parts) throw new Error('has no scheme');
  const { hosts = '', rest = '', query = '' } = parts;
  const scheme = (parts['scheme'] ?? '').toLowerCase();
  const asked = databaseAsked(query);
  const common = { ...credentialsOf(parts['credentials']), ...tlsOf(scheme) };
  switch (scheme.replace(/^rediss/, 'redis')) {
    case 'unix': {
      if (hosts !== '' || rest.length < 2) throw new Error('lacks the path of the socket');
      return { kind: 'single', options: { ...common, path: decoded(rest), ...databaseOf(asked) } };
    }
    case 'redis':
      return {
        kind: 'single',
        options: { ...common, ...hostOf(hosts, REDIS_PORT), ...databaseOf(rest.replace('/', '') || asked) },
      };
    case 'redis+sentinel': {
      const sentinels = hostsOf(hosts, SENTINEL_PORT);
      const [, name = '', db = ''] = rest.split('/');
      if (!name) throw new Error('lacks the name of the Sentinel group after the hosts');
      return { kind: 'sentinel', options: { ...common, sentinels, name, ...databaseOf(db || asked) } };
    }
    case 'redis+cluster':
      if (Number(rest.replace(/^\//, '') || asked || 0) !== 0)
        throw new Error('has a database, where a Cluster has only database 0');
      return { kind: 'cluster', nodes: hostsOf(hosts, REDIS_PORT), options: common };
    default:
      throw new Error('has an unknown scheme');
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
    ...(username ? { username: decoded(username) } : {}),
    ...(password ? { password: decoded(password) } : {}),
  };
}

const tlsOf = (scheme: string): Common => (scheme.startsWith('rediss') ? { tls: {} } : {});

/** `?db=1`; any other question is a mistake that nobody would notice. */
function databaseAsked(query: string): string {
  const { db = '', ...others } = Object.fromEntries(new URLSearchParams(query));
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Error(`has ?${unknown}=, which is unknown; only ?db= may stand there`);
  return db;
}

function databaseOf(text: string): Common {
  if (!text) return {};
  if (!/^\d+$/.test(text)) throw new Error('has a database that is not a number');
  return { db: Number(text) };
}

const hostsOf = (text: string, defaultPort: number): Host[] =>
  text.split(',').map((one) => hostOf(one, defaultPort));

function hostOf(text: string, defaultPort: number): Host {
  const { v6, name = v6, port = defaultPort } = HOST.exec(text)?.groups ?? {};
  if (name === undefined) throw new Error('has a host that is missing or malformed');
  if (Number(port) < 1 || Number(port) > LAST_PORT) throw new Error('has a wrong port');
  return { host: name, port: Number(port) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('has a % that begins no escape: write %25 for a percent sign');
  }
}
