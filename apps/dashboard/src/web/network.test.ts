import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { networkOf, plainAddress } from './network.ts';

test('two IPv6 addresses count as one exactly when they share their /64', () => {
  const group = fc.nat(0xffff).map((value) => value.toString(16));
  const address = fc.oneof(
    fc.ipV6(),
    fc.array(group, { minLength: 4, maxLength: 4 }).map((host) => `2001:db8:0:1:${host.join(':')}`),
  );
  fc.assert(
    fc.property(address, address, (one, other) => {
      const isEmbedded = [one, other].some((text) => isIPv4(networkOf(text)));
      fc.pre(!isEmbedded);
      const network = new BlockList();
      network.addSubnet(one, 64, 'ipv6');
      expect(networkOf(one) === networkOf(other)).toBe(network.check(other, 'ipv6'));
    }),
    { numRuns: tries(500, 20_000) },
  );
});

test.for([
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0000:0000:ffff::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['192.0.2.7', '192.0.2.7'],
  ['unknown', 'unknown'],
] as const)('%s counts as %s', ([address, network]) => {
  expect(networkOf(address)).toBe(network);
});

test.for([
  [' 192.0.2.7 ', '192.0.2.7'],
  ['192.0.2.7:4711', '192.0.2.7'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['_hidden', undefined],
  ['fe80::1%eth0', undefined],
  ['1.2.3.4.5', undefined],
  ['', undefined],
] as const)('a proxy that says %j means %s', ([text, address]) => {
  expect(plainAddress(text)).toBe(address);
});
