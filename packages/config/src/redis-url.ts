import type { Kind } from './kinds.ts';
import { parsed } from './kinds.ts';

const HOST = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/i;

/**
 * Checks the forms `connect` takes: redis:// and rediss:// (user, password, db), unix:///path?db=1,
 * redis+sentinel://h1,h2/name and redis+cluster://h1,h2 (rediss+… for TLS). Throws with the reason.
 */
export function checkRedisUrl(text: string): string {
  const [, scheme, rest = ''] = /^([a-z+]+):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme === undefined) throw new Error('has no scheme');
  const afterUser = rest.slice(rest.lastIndexOf('@') + 1);
  const [, authority = '', where = ''] = /^([^/?#]*)(.*)$/.exec(afterUser) ?? [];
  switch (scheme.toLowerCase()) {
    case 'redis':
    case 'rediss':
      checkHosts([authority]);
      if (!/^(\/\d*)?(\?.*)?$/.test(where)) throw new Error('has a database that is not a number');
      return text;
    case 'redis+sentinel':
    case 'rediss+sentinel':
      checkHosts(authority.split(','));
      if (!/^\/[^/?]+/.test(where)) throw new Error('lacks the name of the Sentinel group after the hosts');
      return text;
    case 'redis+cluster':
    case 'rediss+cluster':
      checkHosts(authority.split(','));
      return text;
    case 'unix':
      if (!/^\/[^?]/.test(where)) throw new Error('lacks the path of the socket');
      return text;
    default:
      throw new Error('has an unknown scheme');
  }
}

function checkHosts(hosts: string[]): void {
  for (const host of hosts) {
    if (!HOST.test(host)) throw new Error('has a host that is missing or malformed');
    const port = /:(\d+)$/.exec(host)?.[1];
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))
      throw new Error('has a wrong port');
  }
}

export const redisUrl: Kind<string> = {
  allowed: 'redis://, rediss://, unix://, redis+sentinel://h1,h2/name or redis+cluster://h1,h2',
  schema: parsed(checkRedisUrl),
};
