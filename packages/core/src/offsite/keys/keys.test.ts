import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeQR } from 'qr';
import { decodeQR } from 'qr/decode.js';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { copyToStore } from '../copy/copy.ts';
import { host } from '../testing.ts';
import { checkKey, provedKeys } from './check-key.ts';
import { isWrapped, readIdentities, recipientOf, wrapIdentityFile } from './identity-file.ts';
import { newKeys } from './new-keys.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (directory = await temporaryDirectory()));
afterEach(() => directory[Symbol.asyncDispose]());

const made = { project: 'plot <x>', created: '2025-12-13T02:00:00Z' };

test('the two keys differ, and the paper has the recovery key alone', async () => {
  const { operation, recovery, identityFile, recoveryText, recoveryPage } = await newKeys(made);
  expect(operation.identity).not.toBe(recovery.identity);
  expect(await readIdentities(Buffer.from(identityFile))).toEqual([operation.identity]);
  expect(await recipientOf(recovery.identity)).toBe(recovery.recipient);
  for (const text of [recoveryText, recoveryPage]) {
    expect(text.replaceAll(' ', '')).toContain(recovery.identity);
    expect(text.replaceAll(' ', '')).not.toContain(operation.identity);
  }
  expect(recoveryPage).toContain('plot &lt;x&gt;');
  expect(recoveryPage).toContain(encodeQR(recovery.identity, 'svg'));
});

test('the QR code on the paper reads as the key', async () => {
  const { recovery } = await newKeys(made);
  const cells = encodeQR(recovery.identity, 'raw', { border: 4 });
  const scale = 4;
  const side = cells.length * scale;
  const data = new Uint8Array(side * side * 4).fill(255);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (cells[Math.floor(y / scale)]![Math.floor(x / scale)])
        data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
  expect(decodeQR({ width: side, height: side, data })).toBe(recovery.identity);
});

test('a file wrapped by a passphrase opens with it alone, a mistyped key not at all', async () => {
  const { identityFile, operation } = await newKeys(made);
  const wrapped = Buffer.from(await wrapIdentityFile(identityFile, 'correct horse', 10));
  expect(isWrapped(wrapped)).toBe(true);
  expect(await readIdentities(wrapped, 'correct horse')).toEqual([operation.identity]);
  await expect(readIdentities(wrapped)).rejects.toMatchObject({ code: 'CONFIG' });
  await expect(readIdentities(wrapped, 'wrong')).rejects.toMatchObject({ code: 'CONFIG' });
  const last = operation.identity.at(-1) === 'Q' ? 'P' : 'Q';
  const mistyped = Buffer.from(operation.identity.slice(0, -1) + last);
  await expect(readIdentities(mistyped)).rejects.toMatchObject({ code: 'CONFIG' });
  await expect(readIdentities(Buffer.from('nothing'))).rejects.toMatchObject({ code: 'CONFIG' });
});

test.skipIf(isMissing('age'))('age itself reads our identity files and makes ours', async () => {
  const { identityFile, operation } = await newKeys(made);
  const key = join(directory.path, 'key.txt');
  writeFileSync(key, identityFile);
  const sealed = execFileSync('age', ['-r', operation.recipient], { input: 'hello' });
  expect(execFileSync('age', ['-d', '-i', key], { input: sealed }).toString()).toBe('hello');
  execFileSync('age-keygen', ['-o', join(directory.path, 'theirs.txt')], { stdio: 'ignore' });
  expect(await readIdentities(readFileSync(join(directory.path, 'theirs.txt')))).toHaveLength(1);
});

test('a recovery key counts as proved when it opened the newest copy, and no other key does', async () => {
  const one = await host(directory.path);
  const { recovery } = await newKeys(made);
  one.write({ a: 'x' });
  await expect(checkKey(one.offsite, recovery.identity)).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
  await copyToStore(one.offsite, await one.backup(1));
  await expect(checkKey(one.offsite, recovery.identity)).rejects.toMatchObject({ code: 'CONFIG' });
  expect(await provedKeys(one.offsite)).toEqual({});
  const proved = await checkKey(one.offsite, one.identity);
  expect(proved.expected).toBe(true);
  expect(Object.keys(await provedKeys(one.offsite))).toEqual([proved.recipient]);
});
