import { isIP } from 'node:net';
import { type Kind, parsed, readFlag } from './kinds.ts';

/** `any`: whoever connects is a proxy, and only one; else the networks the proxies are in, none when it is empty. */
export type TrustedProxies = 'any' | readonly { address: string; bits: number }[];

export const trustedProxies: Kind<TrustedProxies> = {
  allowed: 'true or false, or addresses and networks with commas between (10.0.0.0/8, fd00::/8)',
  schema: parsed((text) => {
    if (/[.:]/.test(text)) return text.split(',').map((item) => networkFrom(item.trim()));
    return readFlag(text) ? 'any' : [];
  }),
};

function networkFrom(text: string): { address: string; bits: number } {
  const [address = '', length] = text.split('/');
  const most = { 4: 32, 6: 128 }[isIP(address)];
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : undefined;
  if (most === undefined || bits === undefined || bits > most || address.includes('%'))
    throw new Error(`names \`${text}\`, which is no address and no network`);
  return { address, bits };
}
