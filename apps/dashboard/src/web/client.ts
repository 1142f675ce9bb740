/** Who asks: the peer, or whom a trusted proxy names. */
import { BlockList, isIPv4 } from 'node:net';
import type { Context } from 'hono';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { TrustedProxies } from '@gofr-backup/config';
import { plainAddress } from './network.ts';

export interface Client {
  address: string;
  /** what its browser calls us; undefined: it did not say */
  host: string | undefined;
  isHttps: boolean;
}

export type ReadClient = (c: Context) => Client;

/** Headers of a proxy count only when the peer is one. */
export function clientReader(proxies: TrustedProxies): ReadClient {
  const isTrusted = trustIn(proxies);
  return (c) => {
    const peer = peerOf(c);
    const host = c.req.header('host');
    if (!isTrusted(peer)) return { address: peer, host, isHttps: false };
    return {
      address: proxies === 'any' ? lastOf(c, peer) : firstUntrusted(c, peer, isTrusted),
      host: c.req.header('x-forwarded-host') ?? host,
      isHttps: c.req.header('x-forwarded-proto') === 'https',
    };
  };
}

function trustIn(proxies: TrustedProxies): (address: string) => boolean {
  if (proxies === 'any') return () => true;
  const trusted = new BlockList();
  for (const { address, bits } of proxies) trusted.addSubnet(address, bits, familyOf(address));
  return (address) => address !== UNKNOWN && trusted.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');

const UNKNOWN = 'unknown';

function peerOf(c: Context): string {
  try {
    return plainAddress(getConnInfo(c).remote.address?.replace(/%.*$/, '') ?? '') ?? UNKNOWN;
  } catch {
    return UNKNOWN; // not from a socket: a request made within the process
  }
}

/** Each proxy appends whom it heard; what stands before the last of them may be made up. */
const hopsOf = (c: Context): string[] => c.req.header('x-forwarded-for')?.split(',').reverse() ?? [];

const lastOf = (c: Context, peer: string): string => plainAddress(hopsOf(c)[0] ?? '') ?? peer;

function firstUntrusted(c: Context, peer: string, isTrusted: (address: string) => boolean): string {
  let client = peer;
  for (const hop of hopsOf(c)) {
    const address = plainAddress(hop);
    if (address === undefined) break;
    client = address;
    if (!isTrusted(address)) break;
  }
  return client;
}
