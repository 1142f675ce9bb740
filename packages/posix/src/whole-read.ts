import type { FileHandle } from 'node:fs/promises';

/** Fills `target` from `position` on; answers how many bytes: fewer only at the end of the file. */
export async function readWhole(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
