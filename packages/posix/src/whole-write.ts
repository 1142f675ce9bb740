import type { FileHandle } from 'node:fs/promises';

/** Writes all of `bytes` at `position`: one write(2) may write less, as on a disk that fills up. */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length)
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}
