import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { differences, digestTree } from '../quickstart/tree-digest.ts';
import { provideSampleData } from './sample-data.ts';

const root = mkdtempSync(join(tmpdir(), 'sample-'));
afterAll(() => rmSync(root, { recursive: true }));
const one = join(root, 'one');
provideSampleData(one);

test('the sample is the same every time, whole, and made once', async () => {
  provideSampleData(join(root, 'two'));
  expect(differences(await digestTree(one), await digestTree(join(root, 'two')))).toEqual([]);
  const before = statSync(one).ino;
  provideSampleData(one);
  expect(statSync(one).ino).toBe(before);
  expect(readdirSync(root).sort((a, b) => a.localeCompare(b))).toEqual(['one', 'two']);
});

test('it looks as the service leaves it', () => {
  const stored = readdirSync(join(one, 'data/storage'));
  const metadata = JSON.parse(readFileSync(join(one, 'data/storage/metadata.json'), 'utf8')) as object;
  expect(stored.filter((name) => name !== 'metadata.json').sort()).toEqual(Object.keys(metadata).sort());
  expect(statSync(join(one, 'data/auth/gofr-plot_tokens.json')).mode & 0o777).toBe(0o600);
});

test('its PNGs are PNGs with something drawn in them', () => {
  for (const name of readdirSync(join(one, 'data/storage')).filter((file) => file.endsWith('.png'))) {
    const pixels = decode(readFileSync(join(one, 'data/storage', name)));
    expect(pixels).toHaveLength(400 * (1 + 640 * 3));
    expect(new Set(pixels).size).toBeGreaterThan(10);
  }
});

/** Checks the chunks' checksums; answers the raw rows. */
function decode(png: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const named = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(named));
    if (named.toString('latin1', 0, 4) === 'IDAT') parts.push(named.subarray(4));
    at += 12 + length;
  }
  return inflateSync(Buffer.concat(parts));
}
