/** What public tools make of our archives: the contract is that any of them restores everything. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { COMPRESSIONS } from '@gofr-backup/model';
import { isMissing, makeTree, readTree, temporaryDirectory } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { archive, inside, sha256, tarStream } from './create.fixture.ts';
import { comparable, NASTY, TOOLS } from './tools.fixture.ts';

test('every compression holds the same tar stream, which its own public program decodes', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('source'), NASTY);
  const streams = new Set<string>();
  for (const codec of COMPRESSIONS) {
    const result = await archive(at('source'), at(codec), { codec });
    expect(result.sha256).toBe(sha256(readFileSync(at(codec))));
    expect(result.warnings).toEqual([]);
    streams.add(sha256(tarStream(at(codec), codec)));
  }
  expect(streams.size).toBe(1);
});

describe('a tree with nasty names is restored by', () => {
  for (const tool of TOOLS) {
    test.skipIf(isMissing(tool.name))(tool.name, async () => {
      await using place = await temporaryDirectory();
      const at = inside(place.path);
      await makeTree(at('source/storage'), NASTY);
      await archive(at('source/storage'), at('out.tar.gz'));
      mkdirSync(at('restored'));
      tool.extract(tarStream(at('out.tar.gz'), 'gzip'), at('restored'));
      const [restored, source] = await Promise.all([
        readTree(at('restored/storage')),
        readTree(at('source/storage')),
      ]);
      expect(comparable(restored, tool)).toEqual(comparable(source, tool));
    });
  }
});

test('GNU tar restores each compression directly', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('source/storage'), { a: 'one', b: { c: 'two' } });
  for (const codec of COMPRESSIONS) {
    await archive(at('source/storage'), at(`${codec}.tar`), { codec });
    mkdirSync(at(codec));
    execFileSync('tar', ['-xf', at(`${codec}.tar`), '-C', at(codec)]);
    expect(await readTree(at(`${codec}/storage`))).toEqual(await readTree(at('source/storage')));
  }
});
