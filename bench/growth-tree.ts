/** Trees of many small files: directories of 1,000, each file of 0 to 2 KB of words. The same seed gives the same tree. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from './random.ts';

const FILES_PER_DIRECTORY = 1000;
const MOST_BYTES = 2048;

/** Nothing when it is there already; otherwise complete or absent. */
export function makeTree(directory: string, files: number): void {
  if (existsSync(directory)) return;
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  const text = textOf(new Random('growth'));
  const random = new Random(`growth of ${files}`);
  for (let made = 0; made < files; made += FILES_PER_DIRECTORY) {
    const folder = join(unfinished, `d${String(made / FILES_PER_DIRECTORY).padStart(4, '0')}`);
    mkdirSync(folder, { recursive: true });
    fill(folder, Math.min(FILES_PER_DIRECTORY, files - made), text, random);
  }
  renameSync(unfinished, directory);
}

function fill(folder: string, files: number, text: Buffer, random: Random): void {
  for (let file = 0; file < files; file++) {
    const from = random.below(text.length - MOST_BYTES);
    const content = text.subarray(from, from + random.below(MOST_BYTES + 1));
    writeFileSync(join(folder, `${random.hex()}.json`), content);
  }
}

/** Words and numbers in no order: it is so long that two files have hardly anything in common but the words. */
function textOf(random: Random): Buffer {
  const words = readFileSync(new URL('corpora.ts', import.meta.url), 'utf8').split(/\s+/);
  const parts = Array.from(
    { length: 1 << 20 },
    () => `${words[random.below(words.length)]} ${random.below(4) ? '' : random.next()} `,
  );
  return Buffer.from(parts.join(''));
}
