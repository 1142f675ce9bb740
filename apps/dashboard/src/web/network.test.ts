import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { networkOf, plainAddress } from './network.ts';

test('two IPv6 addresses count as one exactly when they share their /64', () => {
  const near = fc.tuple(fc.ipV6(), fc.ipV6()).filter(([a]) => !a.includes('.'));
  fc.assert(
    fc.property(near, ([one, other]) => {
      const oneNetwork = new BlockList();
      oneNetwork.addSubnet(one, 64, 'ipv6');
      const mapped =
        /^::ffff:/.test(networkOf(one)) || isIP(networkOf(one)) === 4 || isIP(networkOf(other)) === 4;
      if (!mapped) expect(networkOf(one) === networkOf(other)).toBe(oneNetwork.check(other, 'ipv6'));
      expect(networkOf(networkOf(one).replace('/64', '1'))).toBe(networkOf(one));
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
