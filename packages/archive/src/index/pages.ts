/**
 * The places of an index's pages in its file. A page is read again whenever it is needed, because the pages of a
 * million entries take 60 MB. An index is judged once, when it is opened. A page that has changed since is refused.
 */
import { createHash, hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { readFully } from '@gofr-backup/posix';

const READ_BYTES = 1 << 20;
const DIGEST_BYTES = 32;

export interface Page {
  firstFrame: number;
  frames: number;
  firstEntry: number;
  entries: number;
  /** place of the columns in the file; the hashes follow them */
  at: number;
  columnsLength: number;
  /** length of the columns before compression */
  rawLength: number;
  hashesLength: number;
}

/** Answers the columns and the hashes of the nth page. Throws RangeError when they cannot be read. */
export type ReadPage = (page: Page, n: number) => { columns: Buffer; hashes: Buffer };

/** What threads of one process may share. */
export interface PageFile {
  /** an open descriptor */
  file: number;
  /** SHA-256 of each page */
  digests: Uint8Array;
}

export function pagesOf({ file, digests }: PageFile): ReadPage {
  return (page, n) => {
    const bytes = Buffer.allocUnsafeSlow(endOf(page) - page.at);
    if (readFully(file, bytes, 0, bytes.length, page.at) < bytes.length)
      throw new RangeError('it was cut short while it was read');
    const digest = digests.subarray(n * DIGEST_BYTES, (n + 1) * DIGEST_BYTES);
    if (!hash('sha256', bytes, 'buffer').equals(digest))
      throw new RangeError('it was changed while it was read');
    return { columns: bytes.subarray(0, page.columnsLength), hashes: bytes.subarray(page.columnsLength) };
  };
}

/** Reads a file up to `end`: its SHA-256, and that of each page, for all threads to see. */
export async function digestPages(
  file: FileHandle,
  pages: readonly Page[],
  end: number,
): Promise<{ whole: Buffer; digests: Uint8Array }> {
  const whole = createHash('sha256');
  const digests = new Uint8Array(new SharedArrayBuffer(pages.length * DIGEST_BYTES));
  let page = createHash('sha256');
  let n = 0;
  let from = pages[0]?.at ?? end;
  for await (const { bytes, at } of pieces(file, end)) {
    whole.update(bytes);
    while (n < pages.length) {
      const to = Math.min(endOf(pages[n]!), at + bytes.length);
      if (to > from) page.update(bytes.subarray(from - at, to - at));
      from = Math.max(from, to);
      if (from < endOf(pages[n]!)) break;
      digests.set(page.digest(), n++ * DIGEST_BYTES);
      page = createHash('sha256');
    }
  }
  return { whole: whole.digest(), digests };
}

async function* pieces(file: FileHandle, end: number): AsyncGenerator<{ bytes: Buffer; at: number }> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end));
  for (let at = 0; at < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw new RangeError('it was cut short while it was read');
    yield { bytes: buffer.subarray(0, bytesRead), at };
    at += bytesRead;
  }
}

const endOf = ({ at, columnsLength, hashesLength }: Page): number => at + columnsLength + hashesLength;
