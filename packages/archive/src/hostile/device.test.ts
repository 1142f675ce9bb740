import { attack } from './attack.fixture.ts';

const DEVICE = { 329: '0000010', 337: '0000001' };

attack('a character device', {
  members: [{ name: 'null', type: '3', patches: DEVICE }],
  entry: '"null"',
  reason: /character device/,
  unspeakable: true,
});
attack('a block device', {
  members: [{ name: 'disk', type: '4', patches: DEVICE }],
  entry: '"disk"',
  reason: /block device/,
  unspeakable: true,
});
attack('a FIFO', {
  members: [{ name: 'pipe', type: '6' }],
  entry: '"pipe"',
  reason: /FIFO/,
  unspeakable: true,
});
attack('a type that nobody knows', {
  members: [{ name: 'odd', type: 'Z' }],
  entry: '"odd"',
  reason: /type is unknown \(Z\)/,
  unspeakable: true,
});
attack('the rest of a file of another volume', {
  members: [{ name: 'rest', type: 'M', content: 'x' }],
  entry: '"rest"',
  reason: /type is unknown \(M\)/,
  unspeakable: true,
});
