/** What a person sees and types: colours, progress, the list to choose from, the confirmation. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { waitFor } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { screenOn } from '../apps/cli/src/screen.ts';
import { follow, MAIN, ROOT, Sandbox, type Running } from './command-line.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  await sandbox.json(['now']);
});
afterAll(() => sandbox[Symbol.asyncDispose]());

/** On a pseudo-terminal of 80 columns: `script` gives one, and passes on what is typed. */
function onTerminal(
  args: string[],
  env: Record<string, string> = {},
): Running & { type(text: string): void } {
  const command = `stty cols 80; exec '${process.execPath}' '${MAIN}' ${args.join(' ')}`;
  const terminal = ['-qefc', command, '/dev/null'];
  const running = follow(
    'script',
    terminal,
    { ...sandbox.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    sandbox.path,
  );
  return { ...running, type: (text) => void running.child.stdin.write(text) };
}

async function seen({ said }: Running, text: string | RegExp): Promise<void> {
  const shown = () => stripVTControlCharacters(said.stdout);
  await waitFor(() => new RegExp(text).test(shown()), { timeout: 40_000 }).catch((cause: unknown) => {
    throw new Error(`never saw ${text} in:\n${shown()}`, { cause });
  });
}

test('a backup shows its progress and a coloured verdict; NO_COLOR takes the colours', async () => {
  await writeFile(join(sandbox.data, 'storage/chart.png'), randomBytes(60_000));
  const shown = await onTerminal(['now'], { BACKUP_READ_RATE: '40K' }).ended;
  expect(shown.code).toBe(0);
  expect(stripVTControlCharacters(shown.stdout)).toMatch(/(archive|verify) +━+.*\d% .*KB of .*KB/);
  expect(shown.stdout).toContain('\u001b[32m✓');
  const colours = /\u001b\[\d+m/;
  expect((await onTerminal(['verify', '--here'], { NO_COLOR: '1' }).ended).stdout).not.toMatch(colours);
  expect((await sandbox.run(['verify', '--here'])).stdout).not.toMatch(colours);
});

test('a restore asks; only yes goes on', async () => {
  const tokens = join(sandbox.data, 'auth/tokens.json');
  await writeFile(tokens, 'changed');
  const refused = onTerminal(['restore', '--latest', '--no-safety-backup']);
  await seen(refused, 'Type `yes` to go on:');
  refused.type('y\r');
  expect((await refused.ended).code).toBe(6);
  expect(await readFile(tokens, 'utf8')).toBe('changed');

  const confirmed = onTerminal(['restore', '--latest', '--no-safety-backup']);
  await seen(confirmed, 'Type `yes` to go on:');
  confirmed.type('yes\r');
  expect((await confirmed.ended).code).toBe(0);
  expect(await readFile(tokens, 'utf8')).toBe('{"t":"secret"}');
});

test('an interactive restore chooses the backup, the components, and asks', async () => {
  const tokens = join(sandbox.data, 'auth/tokens.json');
  const log = join(sandbox.logs, 'app.log');
  await writeFile(tokens, 'changed');
  await writeFile(log, 'changed');
  const restore = onTerminal(['restore', '--interactive']);
  await seen(restore, /gofr-plot_daily_\S+ +[\d.]+ K?B +(just now|\d+ \w+) +daily +✓/);
  restore.type('\r');
  await seen(restore, 'Restore which parts');
  restore.type('\u001b[B\u001b[B \r'); // down to logs, off, on with it
  await seen(restore, 'Type `yes` to go on:');
  restore.type('yes\r');
  const { code, stdout } = await restore.ended;
  expect(code, stdout).toBe(0);
  expect(await readFile(tokens, 'utf8')).toBe('{"t":"secret"}');
  expect(await readFile(log, 'utf8')).toBe('changed');
});

test('leaving the list changes nothing', async () => {
  const restore = onTerminal(['restore', '--interactive']);
  await seen(restore, 'Which backup');
  restore.type('\u0003');
  expect((await restore.ended).code).toBe(6);
});

test('the launcher starts under whatever Node there is', async () => {
  const launcher = join(ROOT, 'apps/cli/bin/gofr-backup.mjs');
  for (const node of [process.execPath, 'node']) {
    const ran = await follow(node, [launcher, 'list', '--json'], sandbox.env, sandbox.path).ended;
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ project: 'plot' });
    expect((await follow(node, [launcher, 'show', 'nope'], sandbox.env, sandbox.path).ended).code).toBe(4);
  }
});

test('Ctrl-D at the question declines, without a word of Node; a terminal that says 0 columns is 80 wide', async () => {
  const asked = onTerminal(['restore', '--latest', '--no-safety-backup']);
  await seen(asked, 'Type `yes`');
  asked.type('\u0004');
  const { code, stdout } = await asked.ended;
  expect(code, stdout).toBe(6);
  expect(stdout).not.toMatch(/\(node:/);
  expect(screenOn({ columns: 0, isTTY: true } as WriteStream).columns).toBe(80);
});

test.each([['--version'], ['--help'], ['list'], ['list', '--json'], ['config']])(
  'output to a full disk: %s ends with 74',
  async (...args) => {
    const command = '"$0" "$@" >/dev/full';
    const words = ['-c', command, process.execPath, MAIN, ...args];
    const { code, stderr } = await follow('sh', words, sandbox.env, sandbox.path).ended;
    expect(stderr).toContain('why: the disk is full');
    expect(code).toBe(74);
  },
);
