import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createShares } from './shares.ts';

test('whatever is taken and released in any order, nobody has more than a share and all not more than there is', () => {
  const step = fc.record({
    client: fc.constantFrom('a', 'b', 'c', 'd'),
    release: fc.nat(20),
    takes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const shares = createShares(3, 8);
      const open: { client: string; release(): void }[] = [];
      for (const { client, release, takes } of steps) {
        const own = open.filter((one) => one.client === client).length;
        if (takes) {
          const share = shares.take(client);
          expect(typeof share === 'string' ? share : 'taken').toBe(
            own >= 3 ? 'client' : open.length >= 8 ? 'all' : 'taken',
          );
          if (typeof share !== 'string') open.push({ client, release: share.release });
        } else {
          const [one] = open.splice(release % Math.max(1, open.length), 1);
          one?.release();
          one?.release();
        }
      }
    }),
  );
});
