/** What is right of a damaged backup comes out, into a directory of its own. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readTree } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

test('restore --salvage brings what proves right, names the rest, and ends with 3', async () => {
  const random = Buffer.from(Array.from({ length: 5_000_000 }, (_, n) => (n * n * 2654435761) >>> 11));
  const tree = { data: { storage: { 'a big one': random, whole: 'w'.repeat(5000) }, auth: { t: 'secret' } } };
  await using sandbox = await Sandbox.create({ tree });
  const { backup } = await sandbox.json<{ backup: { filename: string; size_bytes: number } }>(['now']);
  const archive = await open(join(sandbox.backups, 'daily', backup.filename), 'r+');
  await archive.write(Buffer.from('damage'), 0, 6, backup.size_bytes >> 1);
  await archive.close();

  const plain = await sandbox.run([
    'restore',
    backup.filename,
    '--to',
    join(sandbox.path, 'plain'),
    '--here',
  ]);
  expect([plain.code, plain.stderr]).toEqual([3, expect.stringContaining('--salvage --to DIR') as string]);
  expect((await sandbox.run(['restore', backup.filename, '--salvage', '--yes'])).code).toBe(2);

  const to = join(sandbox.path, 'salvaged');
  const ran = await sandbox.run(['restore', backup.filename, '--salvage', '--to', to]);
  expect(ran.code, ran.stderr).toBe(3);
  expect(ran.stdout).toContain(
    '1 file did not prove right:\n    data/storage/a big one: its content is damaged\n',
  );
  const [source, salvaged] = await Promise.all([
    readTree(sandbox.data, { without: ['mtimeNs'] }),
    readTree(join(to, 'data'), { without: ['mtimeNs'] }),
  ]);
  const { 'storage/a big one': _, ...expected } = source;
  expect(salvaged).toEqual(expected);
});
