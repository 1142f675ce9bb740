/** Tar files no honest tool writes: every field as told, checksums right, nothing checked. */

type Bytes = string | Uint8Array;

export interface HostileEntry {
  name: string | Buffer;
  /** ustar typeflag: 0 file, 1 hard link, 2 symlink, 3 char device, 4 block device, 5 directory, 6 FIFO */
  type?: string;
  link?: string | Buffer;
  content?: Bytes;
  /** as claimed in the header; default: the content's length */
  size?: number;
  mode?: number;
  mtime?: number;
  uid?: number;
  gid?: number;
  /** default ustar; v7 has none */
  magic?: keyof typeof MAGIC;
  /** ustar's prefix field */
  prefix?: string;
  /** pax records put before it, e.g. `{path: '../x'}` */
  pax?: Record<string, string>;
  /** an extended header put before it as it is: type flag and bytes, e.g. `['L', 'long name\0']` */
  extended?: readonly (readonly [type: string, content: Bytes])[];
  /** raw bytes laid over the header, by offset, before its checksum is made */
  patches?: Record<number, Bytes>;
  /** a wrong checksum on purpose */
  badChecksum?: boolean;
}

const BLOCK = 512;
const MAGIC = { ustar: 'ustar\u000000', gnu: 'ustar  \u0000', v7: '' };

/** The uncompressed archive, with its two closing zero blocks. */
export function hostileTar(entries: readonly HostileEntry[], options: { end?: boolean } = {}): Buffer {
  const blocks = entries.flatMap((entry) => [
    ...(entry.pax ? special('PaxHeaders/0', 'x', paxRecords(entry.pax)) : []),
    ...(entry.extended ?? []).flatMap(([type, content]) => special('././@LongLink', type, content)),
    header(entry),
    padded(entry.content ?? ''),
  ]);
  if (options.end !== false) blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

function special(name: string, type: string, content: Bytes): Buffer[] {
  return [header({ name, type, content }), padded(content)];
}

/** `<length> <key>=<value>\n` each, where the length counts itself (POSIX pax). */
export function paxRecords(records: Record<string, string>): string {
  const record = ([key, value]: [string, string]): string => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest;
    while (length !== rest + String(length).length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  };
  return Object.entries(records).map(record).join('');
}

function padded(content: Bytes): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

function header(entry: HostileEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (value: Bytes, offset: number, length: number): void =>
    void Buffer.from(value as string).copy(block, offset, 0, length);
  const octal = (value: number, offset: number, length: number): void =>
    put(value.toString(8).padStart(length - 1, '0'), offset, length - 1);
  put(entry.name, 0, 100);
  octal(entry.mode ?? (entry.type === '5' ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(entry.size ?? Buffer.from((entry.content ?? '') as string).length, 124, 12);
  octal(entry.mtime ?? 0, 136, 12);
  put(entry.type ?? '0', 156, 1);
  put(entry.link ?? '', 157, 100);
  put(MAGIC[entry.magic ?? 'ustar'], 257, 8);
  put(entry.prefix ?? '', 345, 155);
  for (const [offset, patch] of Object.entries(entry.patches ?? {})) put(patch, Number(offset), BLOCK);
  put('        ', 148, 8);
  const sum = block.reduce((total, byte) => total + byte, 0) + (entry.badChecksum ? 1 : 0);
  put(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 8);
  return block;
}
