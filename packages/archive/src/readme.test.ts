import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '@gofr-backup/testing';

const PACKAGE = join(import.meta.dirname, '..');

test('the lines of the README write, verify and read an archive', async () => {
  await using directory = await temporaryDirectory();
  const [data, packages] = ['data', 'node_modules/@gofr-backup'].map((name) => join(directory.path, name));
  mkdirSync(data!);
  mkdirSync(packages!, { recursive: true });
  for (const name of ['archive', 'model']) symlinkSync(join(PACKAGE, '..', name), join(packages!, name));
  writeFileSync(join(data!, 'hello.txt'), 'Hello, archive!');
  const [, lines = ''] = /```ts\n([^]*?)```/.exec(readFileSync(join(PACKAGE, 'README.md'), 'utf8')) ?? [];
  expect(lines).toContain('/srv/data');
  writeFileSync(join(directory.path, 'lines.mts'), lines.replace('/srv/data', data!));
  const { stdout } = await promisify(execFile)(process.execPath, ['lines.mts'], { cwd: directory.path });
  expect(stdout).toContain('ok: true');
  expect(stdout).toContain('data/hello.txt 15');
  expect(stdout).toMatch(/Hello, archive!$/);
});
