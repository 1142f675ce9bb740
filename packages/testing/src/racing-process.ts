/** A process that exchanges names as fast as it can, as an application that was taken over might. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { lstat, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Readable, Writable } from 'node:stream';

/** A directory, and a link on the same file system that takes its place by turns. */
export type Pair = readonly [directory: string, link: string];

export interface Race {
  pairs?: readonly Pair[];
  /** whatever has a name that begins so in a directory is exchanged with another one */
  appearing?: { directory: string; prefix: string; other: string };
  /** every name gets its own back at once, and keeps it for so many milliseconds; absent: it changes by turns */
  rest?: number;
}

/**
 * Each pair is exchanged in one step (renameat2(2)); where the directory that it lies in is a link just then, it is not,
 * because what lies behind the link must stay as it is. It answers each race that it is given by a line, and runs it until the
 * next.
 */
const SCRIPT = `
const fs = require('node:fs');
const exchange = require(process.argv[1])
  .load(null)
  .func('int renameat2(int from, const char *a, int to, const char *b, unsigned int flags)');
const [AT_FDCWD, RENAME_EXCHANGE] = [-100, 2];
const word = new Int32Array(new SharedArrayBuffer(4));
let race = { pairs: [] };
const appeared = ({ directory, prefix, other }) =>
  fs.readdirSync(directory).filter((name) => name.startsWith(prefix)).map((name) => [directory + '/' + name, other]);
const pairs = () => [...(race.pairs ?? []), ...(race.appearing ? appeared(race.appearing) : [])];
const isInDirectory = (path) => {
  const parent = fs.lstatSync(path.slice(0, path.lastIndexOf('/')), { throwIfNoEntry: false });
  return parent !== undefined && parent.isDirectory();
};
const swap = ([a, b]) => isInDirectory(a) && exchange(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
const turn = () => {
  for (const end = performance.now() + 2; performance.now() < end;)
    for (const pair of pairs()) {
      swap(pair);
      if (race.rest === undefined) continue;
      swap(pair);
      Atomics.wait(word, 0, 0, race.rest);
    }
  if (race.pairs || race.appearing) setImmediate(turn);
  else running = false;
};
let running = false;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  race = JSON.parse(line);
  process.stdout.write('racing');
  if (!running) setImmediate(turn);
  running = true;
});
`;

/** Races what it is given. */
export class RacingProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  constructor() {
    const koffi = createRequire(import.meta.url).resolve('koffi');
    this.#child = spawn(process.execPath, ['-e', SCRIPT, koffi], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Nothing is raced any more when this comes back for `{}`. */
  async race(race: Race): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify(race)}\n`);
    for await (const _ of on(this.#child.stdout, 'data', { close: ['end'] })) return;
    throw new Error('the racing process ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** Races until it is disposed of; everything is in its place then, as far as it is there. */
export async function racingProcess(pairs: readonly Pair[]): Promise<AsyncDisposable> {
  const racer = new RacingProcess();
  await racer.race({ pairs });
  return {
    async [Symbol.asyncDispose]() {
      await racer[Symbol.asyncDispose]();
      for (const [directory, link] of pairs) await settle(directory, link);
    },
  };
}

async function settle(directory: string, link: string): Promise<void> {
  const there = await lstat(directory).catch(() => undefined);
  if (!there?.isSymbolicLink()) return;
  const aside = `${link}.aside`;
  await rename(link, aside);
  await rename(directory, link);
  await rename(aside, directory);
}
