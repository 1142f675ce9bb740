import { hash } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '@gofr-backup/testing';
import { packObject } from '../layout.ts';
import { Objects } from '../objects.ts';
import type { Pack } from '../recipe/recipe.ts';
import { CHUNK, sealedLength } from '../sealing/age-payload.ts';
import { type Encryption, sealed } from '../sealing/sealing.ts';
import { type Host, host, noise } from '../testing.ts';
import { PackReader } from './pack-reader.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let one: Host;
beforeEach(async () => {
  directory = await temporaryDirectory();
  one = await host(directory.path);
});
afterEach(() => directory[Symbol.asyncDispose]());

const pathOf = ({ sha256 }: Pack, encryption: Encryption): string =>
  join(one.storeDir, 'plot', packObject(sha256, encryption));

async function put(content: Buffer, encryption: Encryption): Promise<Pack> {
  const object = await sealed(encryption, content);
  const pack = { sha256: hash('sha256', object), size: object.length, content: content.length };
  const path = pathOf(pack, encryption);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, object);
  return pack;
}

const readerOf = (encryption: Encryption): PackReader =>
  new PackReader(new Objects(one.offsite), { ...one.offsite, encryption });

async function whole(pack: Pack, encryption: Encryption): Promise<Buffer> {
  const found = Buffer.alloc(pack.content);
  let end = 0;
  for await (const { offset, bytes } of readerOf(encryption).content(pack)) {
    expect(offset).toBe(end);
    end += bytes.copy(found, offset);
  }
  expect(end).toBe(pack.content);
  return found;
}

/** Whose header alone is longer than the first request. */
async function manyRecipients(): Promise<Encryption> {
  const others = Array.from({ length: 20 }, async () => identityToRecipient(await generateX25519Identity()));
  return {
    kind: 'age',
    recipients: [...(await Promise.all(others)), await identityToRecipient(one.identity)],
  };
}

test.each(['one', 'many', 'none'])(
  'a pack of any size, recipients: %s, whole and in parts',
  async (which) => {
    const none: Encryption = { kind: 'none' };
    const encryption =
      which === 'one' ? one.offsite.encryption : which === 'many' ? await manyRecipients() : none;
    const all = noise('all', 33 * CHUNK);
    for (const chunks of [0, 1, 16, 17, 32])
      for (const more of [-1, 0, 1]) {
        const length = chunks * CHUNK + more;
        if (length < 0) continue;
        const content = all.subarray(0, length);
        const pack = await put(content, encryption);
        expect((await whole(pack, encryption)).equals(content), `${length} bytes`).toBe(true);
        const parts = [0, CHUNK - 1, CHUNK, length - CHUNK - 1, length - 1].filter(
          (at) => at >= 0 && at < length,
        );
        const reader = readerOf(encryption);
        const read = parts.map((at) => reader.part(pack, at, Math.min(CHUNK + 1, length - at)));
        for (const [n, bytes] of (await Promise.all(read)).entries())
          expect(bytes.equals(content.subarray(parts[n], parts[n]! + CHUNK + 1)), `at ${parts[n]}`).toBe(
            true,
          );
      }
  },
);

test('what is there of a pack that was cut short can be read', async () => {
  const { encryption } = one.offsite;
  const content = noise('cut', 3 * CHUNK);
  const pack = await put(content, encryption);
  const header = pack.size - sealedLength(content.length);
  truncateSync(pathOf(pack, encryption), header + sealedLength(2 * CHUNK));
  const part = await readerOf(encryption).part(pack, CHUNK, CHUNK);
  expect(part.equals(content.subarray(CHUNK, 2 * CHUNK))).toBe(true);
  await expect(readerOf(encryption).part(pack, 2 * CHUNK, 1)).rejects.toMatchObject({
    code: 'ARCHIVE_DAMAGED',
  });
});
