import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { noise } from '../testing.ts';
import { beginSeal, opened, sealed } from './sealing.ts';

const CHUNK = 65_536;
/** The ends of chunks are where mistakes are made. */
const LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let keys: { identity: string; recipient: string }[];
let keyFiles: string[];
beforeAll(async () => {
  directory = await temporaryDirectory();
  const identities = [await generateX25519Identity(), await generateX25519Identity()];
  keys = await Promise.all(
    identities.map(async (identity) => ({ identity, recipient: await identityToRecipient(identity) })),
  );
  keyFiles = identities.map((identity, n) => {
    const path = join(directory.path, `key${n}`);
    writeFileSync(path, `${identity}\n`);
    return path;
  });
});
afterAll(() => directory[Symbol.asyncDispose]());

const seal = (content: Buffer): Promise<Buffer> =>
  sealed({ kind: 'age', recipients: keys.map(({ recipient }) => recipient) }, content);

test.each(LENGTHS)('%d bytes open with each key, whatever the pieces they came in', async (length) => {
  const content = noise('x', length);
  for (const { identity } of keys)
    expect((await opened(await seal(content), 'x.age', [identity])).equals(content)).toBe(true);
  const inPieces = await beginSeal({ kind: 'age', recipients: [keys[0]!.recipient] }, length);
  for (let at = 0; at < length; at += 10_007) inPieces.add(content.subarray(at, at + 10_007));
  expect((await opened(inPieces.finish(), 'x.age', [keys[0]!.identity])).equals(content)).toBe(true);
});

test.skipIf(isMissing('age')).each(LENGTHS)(
  'age opens our %d bytes with each key, and we open what it made',
  async (length) => {
    const content = noise('x', length);
    const maxBuffer = 1 << 24;
    for (const file of keyFiles)
      expect(
        execFileSync('age', ['-d', '-i', file], { input: await seal(content), maxBuffer }).equals(content),
      ).toBe(true);
    const theirs = execFileSync(
      'age',
      keys.flatMap(({ recipient }) => ['-r', recipient]),
      { input: content, maxBuffer },
    );
    for (const { identity } of keys)
      expect((await opened(theirs, 'x.age', [identity])).equals(content)).toBe(true);
  },
);

test('a flipped bit anywhere, a cut anywhere, chunks in another order, and a stranger’s key are refused', async () => {
  const object = await seal(noise('x', 2 * CHUNK + 100));
  const refused = (bytes: Buffer, identity = keys[0]!.identity) =>
    expect(opened(bytes, 'x.age', [identity])).rejects.toThrow(RangeError);
  const places = [
    0,
    30,
    60,
    200,
    ...Array.from({ length: 40 }, (_, n) => Math.floor((object.length * n) / 40)),
  ];
  for (const place of [...places, object.length - 1]) {
    const flipped = Buffer.from(object);
    flipped[place]! ^= 1;
    await refused(flipped);
  }
  const header = object.length - (2 * CHUNK + 100 + 3 * 16);
  for (const end of [
    10,
    header - 16,
    header,
    header + CHUNK + 16,
    header + 2 * (CHUNK + 16),
    object.length - 1,
  ])
    await refused(object.subarray(0, end));
  const [first, second] = [0, 1].map((n) =>
    object.subarray(header + n * (CHUNK + 16), header + (n + 1) * (CHUNK + 16)),
  );
  await refused(
    Buffer.concat([object.subarray(0, header), second!, first!, object.subarray(header + 2 * (CHUNK + 16))]),
  );
  await refused(object, await generateX25519Identity());
});
