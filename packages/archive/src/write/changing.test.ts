/** Files that change under the reader. The writers are real threads that do not stop before the archive is made. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { archive, inside, previousOf, tarStream } from './create.fixture.ts';
import { loadIndex } from '../index/whole-index.ts';
import type { CreateArchiveResult } from '../types.ts';

const SIZE = 300_000;
const BIG = 7_000_000;

/** Runs `body` (a function's text, called with fs and the path) over and over until the end of the scope. */
async function untiring(path: string, body: string): Promise<AsyncDisposable> {
  const code = `
    const { parentPort, workerData: path } = require('node:worker_threads');
    const fs = require('node:fs');
    const step = ${body};
    let round = 0;
    const go = () => { for (let n = 0; n < 50; n++) step(fs, path, round++); setImmediate(go); };
    step(fs, path, round++);
    parentPort.postMessage('started');
    go();`;
  const worker = new Worker(code, { eval: true, workerData: path });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return { [Symbol.asyncDispose]: async () => void (await worker.terminate()) };
}

const WRITERS: Record<string, string> = {
  appends: `(fs, path, n) => fs.statSync(path).size < 60e6 ? fs.appendFileSync(path, 'line ' + n + '\\n') : fs.truncateSync(path, 8e6)`,
  'writes in the middle': `(fs, path, n) => { const f = fs.openSync(path, 'r+'); fs.writeSync(f, String(n), n % 1000); fs.closeSync(f); }`,
  'cuts and refills': `(fs, path, n) => n % 2 ? fs.truncateSync(path, 100) : fs.truncateSync(path, ${BIG})`,
};

describe('a writer that never stops', () => {
  for (const [name, body] of Object.entries(WRITERS)) {
    for (const size of [SIZE, BIG]) {
      test(`${name}, ${size} bytes: the archive is whole and says so`, async () => {
        await using place = await temporaryDirectory();
        const at = inside(place.path);
        mkdirSync(at('source'));
        writeFileSync(at('source/before'), 'b');
        writeFileSync(at('source/live'), Buffer.alloc(size, 'content\n'));
        writeFileSync(at('source/z after'), 'z');
        await using _writer = await untiring(at('source/live'), body);
        const result = await archive(at('source'), at('out'), { codec: 'zstd' });
        // a small file may hold still for one of the attempts, and a file cut short is small
        const seen = size === BIG && name !== 'cuts and refills';
        const changed = { code: 'changed-while-read', path: 'storage/live' };
        expect(result.warnings).toMatchObject(seen || result.warnings.length > 0 ? [changed] : []);
        expect(result.unreadable).toEqual([]);
        expectWhole(at('out'), ['storage/', 'storage/before', 'storage/live', 'storage/z after']);
        await expectNotReused(at('source'), at, result);
      });
    }
  }
});

test.skipIf(isMissing('python3'))(
  'files that come and go all the time: what is archived is whole',
  async () => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    mkdirSync(at('source'));
    for (let n = 0; n < 300; n++) writeFileSync(at(`source/file-${n}`), `content ${n}`);
    const body = `(fs, path, n) => { const f = path + '/file-' + (n % 300); try { n % 3 ? fs.unlinkSync(f) : fs.writeFileSync(f, 'again ' + n) } catch {} }`;
    await using _writer = await untiring(at('source'), body);
    const result = await archive(at('source'), at('out'), { codec: 'none' });
    expect(new Set(result.warnings.map(({ code }) => code))).not.toContain('unreadable');
    const listed = execFileSync('tar', ['-tf', at('out')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(listed.length - 1).toBe(result.files);
  },
);

test('a file that is replaced by a FIFO or a link between walk and read is not waited for', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  mkdirSync(at('source'));
  for (let n = 0; n < 50; n++) writeFileSync(at(`source/file-${n}`), 'x');
  const body = `(fs, path, n) => { const f = path + '/file-' + (n % 50); try { fs.unlinkSync(f); n % 2 ? require('node:child_process').execFileSync('mkfifo', [f]) : fs.symlinkSync('/etc/hostname', f) } catch {} }`;
  await using _writer = await untiring(at('source'), body);
  await archive(at('source'), at('out'), { codec: 'none' });
  expect(readFileSync(at('out')).includes(readFileSync('/etc/hostname'))).toBe(false);
});

/** GNU tar lists exactly these, and finds nothing wrong. */
function expectWhole(path: string, names: string[]): void {
  const listed = execFileSync('tar', ['-tf', '-'], { input: tarStream(path, 'zstd'), encoding: 'utf8' });
  expect(listed.trim().split('\n')).toEqual(names);
}

/** With the writer still at it, the next run reads the file again. */
async function expectNotReused(
  root: string,
  at: (name: string) => string,
  first: CreateArchiveResult,
): Promise<void> {
  const frames = [...(await loadIndex(at('out.idx'))).frames()];
  expect(frames.some(({ reusable }) => !reusable)).toBe(first.warnings.length > 0);
  const again = await archive(root, at('again'), {
    codec: 'zstd',
    previous: previousOf(at('out'), first.sha256),
    linkUnchanged: true,
  });
  expect(again.linked).toBe(false);
}

test('the first of several names vanishes after the walk saw it: the others keep the content', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  mkdirSync(at('source'));
  writeFileSync(at('source/a'), 'linked content');
  writeFileSync(at('source/c'), Buffer.alloc(1_900_000, 'a frame of its own\n'));
  for (const name of ['b', 'y', 'z']) linkSync(at('source/a'), at(`source/${name}`));
  // asked first when the walk begins, then for every frame found
  let asked = 0;
  const monotonic = (): number => {
    if (++asked === 2) rmSync(at('source/a'));
    return performance.now();
  };
  const result = await archive(at('source'), at('out'), {
    codec: 'none',
    clock: { now: () => Date.now(), monotonic },
  });
  expect(result.warnings).toMatchObject([{ code: 'vanished', path: 'storage/a' }]);
  expect(result.files).toBe(4);
  execFileSync('tar', ['-xf', at('out'), '-C', place.path]);
  expect(['b', 'y', 'z'].map((name) => readFileSync(at(`storage/${name}`), 'utf8'))).toEqual(
    Array.from({ length: 3 }, () => 'linked content'),
  );
  expect(statSync(at('storage/b')).ino).toBe(statSync(at('storage/z')).ino);
});
