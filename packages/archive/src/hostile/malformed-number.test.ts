import { attack } from './attack.fixture.ts';

const negative = Buffer.alloc(12, 0xff);
const overflow = Buffer.concat([Buffer.from([0x80, 0x7f]), Buffer.alloc(10, 0xff)]);

attack('a negative size', {
  members: [{ name: 'file', patches: { 124: negative } }],
  entry: '"file"',
  reason: /size is negative/,
  unspeakable: true,
});
attack('a size beyond all numbers', {
  members: [{ name: 'file', patches: { 124: overflow } }],
  entry: '"file"',
  reason: /size is out of range/,
  unspeakable: true,
});
attack('an owner that means nobody', {
  members: [{ name: 'file', pax: { uid: '4294967295' } }],
  entry: '"file"',
  reason: /pax uid is out of range/,
  unspeakable: true,
});
attack('a size that is no number', {
  members: [{ name: 'file', patches: { 124: '0000000009x\0' } }],
  entry: '"file"',
  reason: /size is not a number/,
  unspeakable: true,
});
