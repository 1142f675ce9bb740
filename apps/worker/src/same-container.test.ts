import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { silentLogger } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { tellSameContainer } from './same-container.ts';

test('a container that was started again says that it has its old environment; a new one, and a host, say nothing', async () => {
  await using dir = await temporaryDirectory();
  const said: string[] = [];
  const logger = { ...silentLogger, info: (_: object, message: string) => void said.push(message) };
  for (const name of ['0123456789ab', 'ba9876543210', 'my-host', 'ba9876543210'])
    await tellSameContainer(dir.path, logger, name);
  expect(said).toEqual([expect.stringMatching(/same container .*docker-compose up -d backup/)]);
  await tellSameContainer(`${dir.path}/absent`, logger, '0123456789ab');
  expect(await readdir(dir.path)).toEqual(['container']);
});

test('a FIFO in the place of its note keeps nothing from starting', async () => {
  await using dir = await temporaryDirectory();
  execFileSync('mkfifo', [`${dir.path}/container`]);
  await tellSameContainer(dir.path, silentLogger, '0123456789ab');
  expect(await readFile(`${dir.path}/container`, 'utf8')).toBe('0123456789ab\n');
});
