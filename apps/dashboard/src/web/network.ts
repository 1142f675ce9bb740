/** Addresses as they are counted: whoever has one IPv6 address has all of its /64. */
import { isIPv4, isIPv6 } from 'node:net';

/** `192.0.2.7`, or `2001:db8:0:1::/64`; IPv4 within IPv6 is IPv4. What is no address is its own network. */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const groups = groupsOf(plain);
  return embeddedIPv4(groups) ?? `${groups.slice(0, 4).join(':')}::/64`;
}

/** An address without a port, in one form; undefined: it is none. */
export function plainAddress(text: string): string | undefined {
  const [, bracketed, dotted] =
    /^(?:\[([^\]]+)\](?::\d+)?|(\d+(?:\.\d+){3})(?::\d+)?)$/.exec(text.trim()) ?? [];
  const address = bracketed ?? dotted ?? text.trim();
  if (isIPv4(address)) return address;
  return isIPv6(address) && !address.includes('%') ? (embeddedIPv4(groupsOf(address)) ?? address) : undefined;
}

/** `::ffff:192.0.2.7`, as a socket for both kinds tells IPv4. */
function embeddedIPv4(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined;
  const bytes = groups.slice(6).flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
  return bytes.join('.');
}

/** Its eight groups, as WHATWG's URL writes them: without zeros in front, IPv4 in hexadecimal. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const split = (text: string | undefined) => (text ? text.split(':') : []);
  const [before, after] = [split(head), split(tail)];
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}
