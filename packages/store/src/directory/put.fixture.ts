/** Puts an object that never ends, until it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DirectoryStore } from './directory-store.ts';

async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(100_000);
  process.send!('begun');
  await sleep(60_000);
}

await new DirectoryStore(process.argv[2]!).put('a/x', endless());
