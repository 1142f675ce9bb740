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
  moveTo(target, at, cipher.update(content));
  cipher.final();
  target.set(cipher.getAuthTag(), at + content.length);
  return at + content.length + TAG;
}

/**
 * Writes the content of the sealed chunk to `target` at `at`; answers where it ends. Throws RangeError when one bit is wrong, or the
 * chunk is another than said; what was written is worth nothing then.
 */
export function openChunk(
  key: KeyObject,
  { number, last }: { number: number; last: boolean },
  sealed: Uint8Array,
  target: Buffer,
  at: number,
): number {
  if (sealed.length < TAG) throw new RangeError('an encrypted chunk is cut short');
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(number, last), { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  moveTo(target, at, decipher.update(sealed.subarray(0, sealed.length - TAG)));
  try {
    decipher.final();
  } catch (cause) {
    throw new RangeError('an encrypted chunk is damaged', { cause });
  }
  return at + sealed.length - TAG;
}

/** Opens chunks that follow each other, from the `first` on; the payload has `count`. Throws as `openChunk`. */
export function openChunks(key: KeyObject, sealed: Buffer, first: number, count: number): Buffer {
  const content = Buffer.allocUnsafeSlow(sealed.length);
  let end = 0;
  let number = first;
  let at = 0;
  do {
    const chunk = sealed.subarray(at, at + SEALED_CHUNK);
    end = openChunk(key, { number, last: number === count - 1 }, chunk, content, end);
    number++;
    at += SEALED_CHUNK;
  } while (at < sealed.length);
  return content.subarray(0, end);
}

/** The memory of `bytes`, which nobody else has, is free at once: left to V8, it is collected by marking the whole heap, again and again. */
function moveTo(target: Buffer, at: number, bytes: Buffer<ArrayBuffer>): void {
  target.set(bytes, at);
  if (bytes.length === bytes.buffer.byteLength) bytes.buffer.transfer(0);
}
