/** Backups of directories that are exchanged for links to a foreign one all the while. Nothing foreign may be read. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withoutNative } from '@gofr-backup/posix';
import {
  FAST,
  type Pair,
  racingProcess,
  raceRounds,
  recordRace,
  temporaryDirectory,
} from '@gofr-backup/testing';
import { beforeEach, expect, test } from 'vitest';
import { openContent } from '../source/content.ts';
import { Walk } from '../source/tree/walk.ts';
import { archive, inside } from './create.fixture.ts';

const rounds = raceRounds(150, 400);
/** An archive takes as long as many walks. */
const archives = Math.ceil(rounds / 20);
const FOREIGN = 'of somebody else';
const DIRECTORIES = 8;
const FILES = 20;

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let at: (name: string) => string;
let pairs: Pair[];

beforeEach(async () => {
  place = await temporaryDirectory('races-', FAST);
  at = inside(place.path);
  fill('foreign', FOREIGN);
  pairs = Array.from({ length: DIRECTORIES }, (_, n) => {
    fill(`data/${n}`, 'own');
    symlinkSync(at('foreign'), at(`link-${n}`));
    return [at(`data/${n}`), at(`link-${n}`)];
  });
  return () => place[Symbol.asyncDispose]();
});

function fill(directory: string, text: string): void {
  mkdirSync(at(`${directory}/inner`), { recursive: true, mode: 0o700 });
  for (let n = 0; n < FILES; n++)
    for (const name of [`file-${n}`, `inner/file-${n}`])
      writeFileSync(at(`${directory}/${name}`), `${text} ${n}`);
}

/** Now and then, so that the racing process gets in between where the processors are busy. */
let steps = 0;
const word = new Int32Array(new SharedArrayBuffer(4));
const pause = (): void => void (++steps % 16 === 0 && Atomics.wait(word, 0, 0, 0.05));

const isForeign = (text: string): boolean => text.includes(FOREIGN);

test(`nothing foreign is read in ${rounds} walks`, { timeout: 60_000 + rounds * 200 }, async () => {
  const figure = { rounds, met: 0, hits: 0, hitsByPath: 0 };
  await using _ = await racingProcess(pairs);
  for (let round = 0; round < rounds; round++) {
    const { contents, met } = await (round % 2 === 0 ? walked() : withoutNative(walked));
    if (contents.some(isForeign)) figure.hits++;
    if (met) figure.met++;
    if (contentsByPath(at('data')).some(isForeign)) figure.hitsByPath++;
  }
  recordRace('walk', figure);
  expect(figure.hits).toBe(0);
  expect(figure.met).toBeGreaterThan(0);
  expect(figure.hitsByPath).toBeGreaterThan(0);
});

/** As the archive is made, but in one thread. */
async function walked(): Promise<{ contents: string[]; met: boolean }> {
  await using walk = new Walk({
    components: [{ name: 'data', root: at('data'), archivePath: 'data', select: 'all' }],
    exclude: [],
  });
  const contents: string[] = [];
  let failures = 0;
  for await (const batch of walk.entries())
    for (const entry of batch.filter(({ type }) => type === 'file'))
      try {
        pause();
        const fd = openContent(entry);
        contents.push(readFileSync(fd, 'utf8'));
        closeSync(fd);
      } catch {
        failures++;
      }
  return { contents, met: failures + walk.report.warnings.length > 0 };
}

/** As a program does that goes by paths, and follows no link that it sees. */
function contentsByPath(path: string): string[] {
  try {
    const stats = lstatSync(path);
    pause();
    if (stats.isDirectory()) return readdirSync(path).flatMap((name) => contentsByPath(join(path, name)));
    if (!stats.isFile()) return [];
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return [readFileSync(fd, 'utf8')];
    } finally {
      closeSync(fd);
    }
  } catch {
    return [];
  }
}

test(`nothing foreign is in ${archives} archives`, { timeout: 60_000 + archives * 4000 }, async () => {
  const figure = { rounds: archives, met: 0, hits: 0, hitsByPath: 0 };
  await using _ = await racingProcess(pairs);
  for (let n = 0; n < archives; n++) {
    const out = at(`archive-${n}.tar`);
    const { warnings, unreadable } = await archive(at('data'), out, { codec: 'none', threads: 2 });
    if (readFileSync(out).includes(FOREIGN)) figure.hits++;
    if (warnings.some(({ code }) => code === 'vanished' || code === 'changed-while-read')) figure.met++;
    expect(unreadable).toEqual([]);
    execFileSync('tar', ['-tf', out]);
    for (const path of [out, `${out}.idx`]) rmSync(path);
    if (contentsByPath(at('data')).some(isForeign)) figure.hitsByPath++;
  }
  recordRace('backup', figure);
  expect(figure.hits).toBe(0);
  expect(figure.met).toBeGreaterThan(0);
});

/** What else may take the place of a file or a directory. */
const OTHERS: Record<string, (path: string) => void> = {
  fifo: (path) => execFileSync('mkfifo', [path]),
  directory: (path) => mkdirSync(path),
  link: (path) => symlinkSync(at('foreign/file-0'), path),
};

test.each(Object.keys(OTHERS))('files and directories exchanged for a %s: nothing hangs', async (kind) => {
  const exchanged = ['0', '1/file-0', '2/inner', '3/inner/file-1', '4/file-2'];
  const others = exchanged.map((name, n): Pair => [at(`data/${name}`), at(`other-${n}`)]);
  for (const [, other] of others) OTHERS[kind]!(other);
  writeFileSync(at('data/5/last'), 'last');
  await using _ = await racingProcess(others);
  for (let n = 0; n < 5; n++) {
    const out = at(`archive-${n}`);
    const { unreadable } = await archive(at('data'), out, { codec: 'none' });
    expect(unreadable).toEqual([]);
    const content = execFileSync('tar', ['-xOf', out, 'storage/5/last'], { encoding: 'utf8' });
    expect(content).toBe('last');
    expect(readFileSync(out).includes(FOREIGN)).toBe(false);
  }
});
