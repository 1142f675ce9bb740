import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incompressibleSpans } from './incompressible.ts';

const KB = 1024;
const text = (length: number): Buffer =>
  Buffer.from('the quick brown fox jumps over the lazy dog 0123456789\n'.repeat(length / 55 + 1)).subarray(
    0,
    length,
  );
const storedBytes = (content: Buffer): number =>
  incompressibleSpans(content).reduce((sum, { start, end }) => sum + end - start, 0);

describe('incompressibleSpans', () => {
  it('finds noise between text, to within a piece', () => {
    fc.assert(
      fc.property(
        fc.nat(40 * KB),
        fc.integer({ min: 12 * KB, max: 200 * KB }),
        fc.nat(40 * KB),
        (head, noise, foot) => {
          const content = Buffer.concat([text(head), randomBytes(noise), text(foot)]);
          const spans = incompressibleSpans(content);
          expect(spans.length).toBeGreaterThan(0);
          expect(spans[0]!.start).toBeGreaterThanOrEqual(head - 2 * KB);
          expect(spans.at(-1)!.end).toBeLessThanOrEqual(head + noise + 2 * KB);
          expect(storedBytes(content)).toBeGreaterThan(0.7 * noise - 8 * KB);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('answers spans in order, apart, within the content, and long enough to pay', () => {
    const part = fc.tuple(fc.constantFrom(text, randomBytes, Buffer.alloc), fc.nat(20 * KB));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const content = Buffer.concat(parts.map(([make, length]) => make(length)));
        let last = -1;
        for (const { start, end } of incompressibleSpans(content)) {
          expect(start).toBeGreaterThan(last);
          expect(end - start).toBeGreaterThanOrEqual(4 * KB);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(content.length);
      }),
      { numRuns: 100 },
    );
  });

  it('stores the body of a picture, not the blank rows above and below', () => {
    const blank = Buffer.alloc(600 * KB, 255);
    const picture = deflateSync(Buffer.concat([blank, randomBytes(60 * KB), blank]));
    expect(storedBytes(picture)).toBeGreaterThan(50 * KB);
    expect(picture.length - storedBytes(picture)).toBeGreaterThan(1 * KB);
  });

  it.each([
    ['text', text(300 * KB)],
    ['digits', Buffer.from(Array.from({ length: 100 * KB }, () => Math.random().toFixed(2)).join(','))],
    ['base64', Buffer.from(randomBytes(100 * KB).toString('base64'))],
    ['zeros', Buffer.alloc(300 * KB)],
    ['noise that repeats', Buffer.concat(Array<Buffer>(40).fill(randomBytes(8 * KB)))],
    ['little', randomBytes(4 * KB - 1)],
  ])('stores nothing of %s', (_, content) => {
    expect(incompressibleSpans(content)).toEqual([]);
  });
});
