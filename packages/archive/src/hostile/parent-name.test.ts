import { attack } from './attack.fixture.ts';

const climbs = { reason: /name contains "\.\."/ };

attack('a name that climbs', {
  members: [{ name: '../outside/precious', content: 'x' }],
  entry: '../outside/precious',
  ...climbs,
});
attack('a name that climbs from below', {
  members: [{ name: 'a/b/../../../outside/new' }],
  entry: 'a/b/../../../outside/new',
  ...climbs,
});
attack('a name that ends in ..', { members: [{ name: 'a/..', type: '5' }], entry: 'a/..', ...climbs });
attack('a pax path that climbs', {
  members: [{ name: 'innocent', pax: { path: '../outside/precious' }, content: 'x' }],
  entry: '../outside/precious',
  ...climbs,
});
attack('a GNU long name that climbs', {
  members: [
    {
      name: 'innocent',
      magic: 'gnu',
      extended: [['L', `${'d/'.repeat(60)}${'../'.repeat(61)}outside/precious\0`]],
    },
  ],
  entry: 'd/d/d/',
  ...climbs,
});
attack('a prefix that climbs', {
  members: [{ name: 'precious', prefix: '../outside' }],
  entry: '../outside/precious',
  ...climbs,
});
attack('a hard link target that climbs', {
  members: [{ name: 'link', type: '1', link: '../outside/precious' }],
  entry: '"link"',
  reason: /link target contains "\.\."/,
});
attack('a pax link path that climbs', {
  members: [{ name: 'link', type: '1', link: 'innocent', pax: { linkpath: '../outside/precious' } }],
  entry: '"link"',
  reason: /link target contains "\.\."/,
});
