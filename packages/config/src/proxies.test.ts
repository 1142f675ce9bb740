import { expect, test } from 'vitest';
import { trustedProxies } from './proxies.ts';

const read = (text: string) => {
  const { success, data, error } = trustedProxies.schema.safeParse(text);
  return success ? data : error.issues[0]?.message;
};

test('nobody, every peer, or the networks that are named', () => {
  expect([read('false'), read('true'), read('yes')]).toEqual([[], 'any', 'any']);
  expect(read('172.16.0.0/12, fd00::/8,192.0.2.7')).toEqual([
    { address: '172.16.0.0', bits: 12 },
    { address: 'fd00::', bits: 8 },
    { address: '192.0.2.7', bits: 32 },
  ]);
});

test('what is no network is named', () => {
  for (const text of [
    '10.0.0.0/33',
    '10.0.0/8',
    'fd00::/129',
    'proxy.example',
    '10.0.0.1/x',
    '10.0.0.1,,',
    '::1%lo',
  ])
    expect(read(text)).toMatch(/names `.*`, which is no/);
  expect(read('proxy')).toMatch(/neither true nor false/);
});
