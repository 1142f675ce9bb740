import { type Content, LARGEST_OBJECT } from './store.ts';

/** All of a content, for servers that want its length or its hash first. */
export async function gathered(content: Content): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of content) {
    length += bytes.length;
    if (length > LARGEST_OBJECT) throw new RangeError(`an object has at most ${LARGEST_OBJECT} bytes`);
    pieces.push(bytes);
  }
  return pieces.length === 1 ? Buffer.from(pieces[0]!) : Buffer.concat(pieces, length);
}
