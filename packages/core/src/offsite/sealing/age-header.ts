/** The header of an age file: the file key, wrapped for every recipient. Its form is the library's. */
import { age } from '../age.ts';

/** What an empty payload takes after the header: a nonce and one tag. */
const EMPTY_PAYLOAD = 32;
/** Headers of ours have less than 400 bytes; another program's may have more recipients. */
export const MOST_HEADER_BYTES = 64 * 1024;

const END = Buffer.from('\n--- ');

/** A header for a new file key. */
export async function newHeader(
  recipients: readonly string[],
): Promise<{ header: Buffer; fileKey: Uint8Array }> {
  const { Encrypter } = await age();
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  // it wraps for nobody: the library makes the file key, and tells it to recipients alone
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  const file = await encrypter.encrypt(new Uint8Array(0));
  return { header: Buffer.from(file.subarray(0, file.length - EMPTY_PAYLOAD)), fileKey: fileKey! };
}

/** Length of the header that `bytes` begin with; undefined: it is longer than `bytes`, or none. */
export function headerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(END);
  const newline = end < 0 ? -1 : bytes.indexOf(10, end + END.length);
  return newline < 0 ? undefined : newline + 1;
}

/** Throws RangeError when none of the identities opens it, or it was changed. */
export async function openHeader(header: Uint8Array, identities: readonly string[]): Promise<Uint8Array> {
  const { Decrypter } = await age();
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch (cause) {
    throw new RangeError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
