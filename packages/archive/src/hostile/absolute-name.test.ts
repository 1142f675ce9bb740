import { attack } from './attack.fixture.ts';

const absolute = { entry: '"/tmp/gofr-owned"', reason: /name is absolute/ };

attack('an absolute name', { members: [{ name: '/tmp/gofr-owned', content: 'x' }], ...absolute });
attack('an absolute name in a pax header', {
  members: [{ name: 'innocent', content: 'x', pax: { path: '/tmp/gofr-owned' } }],
  ...absolute,
});
attack('an absolute GNU long name', {
  members: [{ name: 'innocent', magic: 'gnu', extended: [['L', '/tmp/gofr-owned\0']] }],
  ...absolute,
});
attack('an absolute name from a prefix', { members: [{ name: 'gofr-owned', prefix: '/tmp' }], ...absolute });
attack('an absolute directory, after honest entries', {
  members: [
    { name: 'honest', content: 'x' },
    { name: '/tmp/gofr-owned', type: '5' },
  ],
  ...absolute,
});
