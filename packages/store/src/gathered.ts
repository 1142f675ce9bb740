import { type Content, LARGEST_OBJECT } from './store.ts';

/** All of a content, for servers that want its length or its hash first. One piece is answered as it is, not copied. */
export async function gathered(content: Content): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of content) {
    length += bytes.length;
    if (length > LARGEST_OBJECT) throw new RangeError(`an object has at most ${LARGEST_OBJECT} bytes`);
    pieces.push(bytes);
  }
  const [first] = pieces;
  return first && pieces.length === 1
    ? Buffer.from(first.buffer, first.byteOffset, length)
    : Buffer.concat(pieces, length);
}
