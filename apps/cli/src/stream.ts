import { once } from 'node:events';

/** Writes to stdout no faster than it is read. */
export async function writeOut(chunk: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}
