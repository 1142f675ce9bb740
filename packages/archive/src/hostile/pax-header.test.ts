import { paxRecords } from '@gofr-backup/testing';
import { attack } from './attack.fixture.ts';

attack('a global header that renames every file', {
  members: [
    { name: 'globals', type: 'g', content: paxRecords({ path: 'owned' }) },
    { name: 'file', content: 'x' },
  ],
  entry: '',
  reason: /global pax header sets every path/,
  unspeakable: true,
});
attack('a global header that sizes every file', {
  members: [
    { name: 'globals', type: 'g', content: paxRecords({ size: '512' }) },
    { name: 'file', content: 'x' },
  ],
  entry: '',
  reason: /global pax header sets every size/,
  unspeakable: true,
});
attack('a record longer than its header', {
  members: [{ name: 'file', extended: [['x', '99 path=owned\n']] }],
  entry: '',
  reason: /pax header is malformed/,
  unspeakable: true,
});
attack('a record of no length', {
  members: [{ name: 'file', extended: [['x', '0 path=owned\n']] }],
  entry: '',
  reason: /pax header is malformed/,
  unspeakable: true,
});
attack('a header for an entry that never comes', {
  members: [
    { name: 'file', content: 'x' },
    { name: 'PaxHeaders/0', type: 'x', content: paxRecords({ path: 'owned' }) },
  ],
  entry: '',
  reason: /extended header has no entry after it/,
  code: 'ARCHIVE_DAMAGED',
  unspeakable: true,
});
