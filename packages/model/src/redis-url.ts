/**
 * REDIS_URL in all its forms:
 * `redis://user:password@host:6379/0`, `rediss://…` (TLS), `unix:///path/redis.sock?db=1`,
 * `redis+sentinel://h1:26379,h2/name/0`, `redis+cluster://h1:6379,h2`; `rediss+…` for TLS, to the Sentinels as well.
 * `?ca=/file` names an authority of one's own, `cert` and `key` this client's; `sentinel_user` and `sentinel_password`
 * are for the Sentinels.
 */

interface Host {
  host: string;
  port: number;
}
interface Common {
  username?: string;
  password?: string;
  db?: number;
  /** paths of files in PEM; without `ca`: the certificates that Node trusts */
  tls?: TlsFiles;
}
export interface TlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
}
interface ToSentinels {
  sentinelUsername?: string;
  sentinelPassword?: string;
}
export type RedisTarget =
  | { kind: 'single'; options: Common & (Host | { path: string }) }
  | { kind: 'sentinel'; options: Common & ToSentinels & { sentinels: Host[]; name: string } }
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
  const answers = answersOf(query, scheme);
  const asked = answers['db'] ?? '';
  const common = { ...credentialsOf(parts['credentials']), ...tlsOf(scheme, answers) };
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
      return {
        kind: 'sentinel',
        options: { ...common, sentinels, name, ...sentinelsUser(answers), ...databaseOf(db || asked) },
      };
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
  return url.replace(/([?&]sentinel_password=)[^&]*/gi, '$1***').replace(/^([a-z+]+:\/\/)(?!\/).*@/i, '$1');
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

const TLS_FILES = ['ca', 'cert', 'key'] as const;
const FOR_SENTINELS = ['sentinel_user', 'sentinel_password'] as const;

/** What stands behind the question mark. What has no meaning there is a mistake that nobody would notice. */
function answersOf(query: string, scheme: string): Record<string, string> {
  const known = [
    'db',
    ...(scheme.startsWith('rediss') ? TLS_FILES : []),
    ...(scheme.endsWith('+sentinel') ? FOR_SENTINELS : []),
  ];
  const pairs = query.split('&').filter(Boolean);
  const answers = pairs.map((pair): [string, string] => {
    const [name = '', ...value] = pair.split('=');
    return [name, decoded(value.join('='))];
  });
  const unknown = answers.map(([name]) => name).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`has ?${unknown}=, which ${whyUnknown(unknown, known)}`);
  return Object.fromEntries(answers);
}

function whyUnknown(name: string, known: readonly string[]): string {
  if (TLS_FILES.some((one) => one === name))
    return 'needs TLS: begin with rediss://, rediss+sentinel:// or rediss+cluster://';
  if (FOR_SENTINELS.some((one) => one === name))
    return 'is for Sentinels: redis+sentinel:// or rediss+sentinel://';
  return `is unknown; only ${known.map((one) => `?${one}=`).join(', ')} may stand there`;
}

function tlsOf(scheme: string, answers: Record<string, string>): Common {
  if (!scheme.startsWith('rediss')) return {};
  const files = TLS_FILES.flatMap((name) => (answers[name] ? [[name, answers[name]] as const] : []));
  const relative = files.find(([, path]) => !path.startsWith('/'));
  if (relative) throw new Error(`has ?${relative[0]}= with a path that is not absolute`);
  return { tls: Object.fromEntries(files) };
}

function sentinelsUser(answers: Record<string, string>): ToSentinels {
  const { sentinel_user: user, sentinel_password: password } = answers;
  return { ...(user && { sentinelUsername: user }), ...(password && { sentinelPassword: password }) };
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
