import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { hostileTar } from './index.ts';

test('GNU tar reads what it should not like', () => {
  const archive = hostileTar([
    { name: '../outside', content: 'x' },
    { name: 'short', pax: { path: `long/${'y'.repeat(200)}` }, content: 'z' },
    { name: 'link', type: '2', link: '/etc/passwd' },
  ]);
  const listing = execFileSync('tar', ['-tPf', '-'], { input: archive, encoding: 'utf8' });
  expect(listing).toBe(`../outside\nlong/${'y'.repeat(200)}\nlink\n`);
});
