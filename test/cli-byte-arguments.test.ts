/** Arguments that are no UTF-8, as a shell hands them over: names are bytes. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellQuoted } from '@gofr-backup/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { follow, MAIN, type Ran, Sandbox } from './command-line.ts';

const DIRECTORY = 'Caf\xe9';
/** It has the arguments as text, with what is no UTF-8 lost. */
const HAND_OVER =
  "require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' }).on('exit', (code) => (process.exitCode = code))";
let sandbox: Sandbox;
const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');
const inStorage = (path: string): Buffer => bytes(join(sandbox.data, 'storage', path));
const content = (path: Buffer): string => readFileSync(path, 'utf8');

beforeAll(async () => {
  sandbox = await Sandbox.create();
  mkdirSync(inStorage(`${DIRECTORY}/sub`), { recursive: true });
  fill('then');
  await sandbox.json(['now']);
});
afterAll(() => sandbox[Symbol.asyncDispose]());

function fill(text: string): void {
  for (const path of ['menu', 'sub/deep']) writeFileSync(inStorage(`${DIRECTORY}/${path}`), text);
}

/** The shell itself makes the bytes, in the octal of printf(1). */
async function run(args: readonly string[], start = [process.execPath, MAIN]): Promise<Ran> {
  const word = (arg: string): string =>
    /^[\x20-\x7e]*$/.test(arg)
      ? shellQuoted(arg)
      : `"$(printf '${[...arg].map((one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`).join('')}')"`;
  const line = `exec ${[...start, ...args].map(word).join(' ')}`;
  const { child, ended } = follow('sh', ['-c', line], sandbox.env, sandbox.path);
  child.stdin.end();
  return ended;
}

const quick = ['--yes', '--no-safety-backup', '--here'];

describe.each([
  ['by this Node', [process.execPath, MAIN]],
  ['by another that hands over, as bin/gofr-backup.mjs does', [process.execPath, '-e', HAND_OVER, MAIN]],
])('%s', (_, start) => {
  test.each(['', '/menu', '/sub', '/sub/deep'])('--path Caf\\xe9%s', async (below) => {
    fill('now');
    const path = `data/storage/${DIRECTORY}${below}`;
    const { code, stderr } = await run(['restore', '--latest', '--path', path, ...quick], start);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    const restored = ['menu', 'sub/deep'].map((name) => content(inStorage(`${DIRECTORY}/${name}`)));
    expect(restored).toEqual([
      ['', '/menu'].includes(below) ? 'then' : 'now',
      below === '/menu' ? 'now' : 'then',
    ]);
  });

  test('cat and files', async () => {
    const menu = `data/storage/${DIRECTORY}/menu`;
    expect((await run(['cat', 'latest', menu], start)).stdout).toBe('then');
    expect((await run(['files', 'latest', menu], start)).stdout).toContain('data/storage/Caf\\xe9/menu');
  });
});

test('--to such a directory fills that one and no other', async () => {
  const to = join(sandbox.path, 'out\xff/new');
  mkdirSync(bytes(join(sandbox.path, 'out\xff')));
  const { code, stdout } = await run(['restore', '--latest', '--to', to, ...quick]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('out\\xff/new')]);
  expect(content(bytes(`${to}/data/storage/${DIRECTORY}/menu`))).toBe('then');
  expect(readdirSync(sandbox.path).filter((name) => name.startsWith('out'))).toHaveLength(1);
});

test('from within such a directory, and by way of the queue', async () => {
  const from = join(sandbox.path, 'work\xe9');
  mkdirSync(bytes(from));
  const start = ['env', '-C', from, `BACKUP_RESTORE_ROOTS=${sandbox.path}`, process.execPath, MAIN];
  const { code } = await run(['restore', '--latest', '--to', 'here', '--yes'], start);
  expect(code).toBe(0);
  expect(content(bytes(`${from}/here/data/storage/${DIRECTORY}/menu`))).toBe('then');
});

test.skipIf(process.getuid?.() !== 0)('what is mounted at such a name is swapped inside it', async () => {
  const place = inStorage(`${DIRECTORY}/a b\n\xff`);
  mkdirSync(place);
  const mount = (...words: (string | Buffer)[]): void => {
    const script = `exec ${words.map((word) => (typeof word === 'string' ? word : '"$(cat)"')).join(' ')}`;
    execFileSync('sh', ['-c', script], { input: words.find((word) => typeof word !== 'string') });
  };
  mount('mount', '-t', 'tmpfs', 'none', place);
  try {
    writeFileSync(Buffer.concat([place, bytes('/f')]), 'then');
    await sandbox.json(['now']);
    writeFileSync(Buffer.concat([place, bytes('/f')]), 'now');
    const path = `data/storage/${DIRECTORY}/a b\n\xff`;
    const { code } = await run(['restore', '--latest', '--path', path, ...quick]);
    expect([code, content(Buffer.concat([place, bytes('/f')]))]).toEqual([0, 'then']);
  } finally {
    mount('umount', place);
    rmSync(place, { recursive: true });
  }
  expect(existsSync(place)).toBe(false);
});
