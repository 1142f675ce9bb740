/**
 * The payload of an age file (age-encryption.org/v1): a nonce of 16 bytes, then chunks of 64 KiB, each sealed by
 * ChaCha20-Poly1305 under one key. The nonce of a chunk is its number and a flag for the last one. So any part can be
 * opened by itself, and a payload that was cut short or put in another order does not open.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

const CIPHER = 'chacha20-poly1305';
export const CHUNK = 64 * 1024;
const TAG = 16;
export const NONCE = 16;
export const SEALED_CHUNK = CHUNK + TAG;

/** The key of a payload, from the file key in the header and the nonce before the payload. Made once, it costs each chunk less. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32)));
}

/** Chunks of a payload with so many bytes of content; an empty one has one chunk. */
export const chunksOf = (content: number): number => Math.max(1, Math.ceil(content / CHUNK));

/** Bytes of a payload, without the nonce. */
export const sealedLength = (content: number): number => content + chunksOf(content) * TAG;

function chunkNonce(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Writes the sealed chunk to `target` at `at`; answers where it ends. */
export function sealChunk(
  key: KeyObject,
  { number, last }: { number: number; last: boolean },
  content: Uint8Array,
  target: Buffer,
  at: number,
): number {
  const cipher = createCipheriv(CIPHER, key, chunkNonce(number, last), { authTagLength: TAG });
  const sealed = cipher.update(content);
  target.set(sealed, at);
  cipher.final();
  target.set(cipher.getAuthTag(), at + sealed.length);
  return at + sealed.length + TAG;
}

/** Throws RangeError when one bit is wrong, or the chunk is another than said. */
export function openChunk(
  key: KeyObject,
  { number, last }: { number: number; last: boolean },
  sealed: Uint8Array,
): Buffer {
  if (sealed.length < TAG) throw new RangeError('an encrypted chunk is cut short');
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(number, last), { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const content = decipher.update(sealed.subarray(0, sealed.length - TAG));
  try {
    decipher.final();
  } catch (cause) {
    throw new RangeError('an encrypted chunk is damaged', { cause });
  }
  return content;
}
