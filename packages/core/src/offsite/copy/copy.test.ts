import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { COMPRESSIONS, displayPath } from '@gofr-backup/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryStore } from '@gofr-backup/store';
import { temporaryDirectory } from '@gofr-backup/testing';
import { Copies } from '../read/copies.ts';
import { openCopy } from '../read/open-copy.ts';
import { type Host, host, noise, sha256Of } from '../testing.ts';
import { copyStatus } from '../verify/status.ts';
import { recordDrill, verifyStore } from '../verify/verify.ts';
import { copyToStore } from './copy.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (directory = await temporaryDirectory()));
afterEach(() => directory[Symbol.asyncDispose]());

async function fetched({ offsite, root }: Host, name: string): Promise<string> {
  const copies = await Copies.open(offsite, { anew: true });
  const path = join(root, `fetched-${name}-${Math.random()}`);
  await copies.fetchArchive(copies.find(name), path);
  return sha256Of(path);
}

const charts = (count: number): Record<string, Buffer> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`c/${n}.png`, noise(`chart ${n}`, 20_000)]));

test.each(['age', 'none'] as const)(
  'with encryption %s, what comes back is the very archive',
  async (kind) => {
    const age = await host(directory.path);
    const one = kind === 'age' ? age : { ...age, offsite: { ...age.offsite, encryption: { kind } } };
    one.write(charts(100));
    const first = await one.backup(1);
    const sent = await copyToStore(one.offsite, first);
    expect(sent.bytes_sent).toBeGreaterThan(2_000_000);
    expect(await fetched(one, first.entry.filename)).toBe(first.sha256);

    one.write({ 'c/7.png': noise('other', 20_000) });
    const second = await one.backup(2);
    const more = await copyToStore(one.offsite, second);
    expect(more.bytes_sent).toBeLessThan(60_000);
    expect(await fetched(one, second.entry.filename)).toBe(second.sha256);
    expect(await fetched(one, first.entry.filename)).toBe(first.sha256);

    const copies = await Copies.open(one.offsite);
    const scratch = join(directory.path, 'scratch');
    mkdirSync(scratch);
    await using copy = await openCopy(one.offsite, copies, copies.find(second.entry.filename), scratch);
    const chart: Buffer[] = [];
    for await (const bytes of copy.content('storage/c/7.png')) chart.push(bytes);
    expect(Buffer.concat(chart).equals(noise('other', 20_000))).toBe(true);
    const paths: string[] = [];
    for await (const entry of copy.entries()) paths.push(displayPath(entry.path));
    expect(paths).toContain('storage/c/99.png');
    // one file takes little of a store
    expect(statSync(join(scratch, 'archive')).blocks * 512).toBeLessThan(700_000);

    const again = await copyToStore(one.offsite, second);
    expect(again).toMatchObject({ already: true, bytes_sent: 0 });
  },
);

test.each([...COMPRESSIONS])('one file of a copy comes alone, compression %s', async (codec) => {
  const one = await host(directory.path, { codec });
  one.write(charts(60));
  const request = await one.backup(1);
  await copyToStore(one.offsite, request);
  const copies = await Copies.open(one.offsite);
  const scratch = join(directory.path, 'scratch');
  mkdirSync(scratch);
  await using copy = await openCopy(one.offsite, copies, copies.find('latest'), scratch);
  const chart: Buffer[] = [];
  for await (const bytes of copy.content('storage/c/7.png')) chart.push(bytes);
  expect(Buffer.concat(chart).equals(readFileSync(join(one.root, 'data/c/7.png')))).toBe(true);
  expect(statSync(join(scratch, 'archive')).blocks * 512).toBeLessThan(request.entry.size_bytes);
});

test('what is known of a place does not count for another one that has its name', async () => {
  const one = await host(directory.path);
  one.write(charts(100));
  const first = await one.backup(1);
  await copyToStore(one.offsite, first);
  const other = elsewhere(one);
  expect((await copyToStore(other.offsite, first)).bytes_sent).toBeGreaterThan(2_000_000);

  // sealed anew, so its packs have other names
  const copies = await Copies.open(one.offsite);
  const path = join(directory.path, 'fetched');
  await copies.fetchArchive(copies.find('latest'), path);
  expect(sha256Of(path)).toBe(first.sha256);
  expect((await verifyStore(one.offsite, { share: 1 })).results).toMatchObject([{ ok: true }]);
  expect(await copyToStore(one.offsite, first)).toMatchObject({ already: true });
});

test('a store that was elsewhere for a while is known again when it is back', async () => {
  const one = await host(directory.path, { identities: [] });
  one.write(charts(100));
  const first = await one.backup(1);
  await copyToStore(one.offsite, first);
  await copyToStore(elsewhere(one).offsite, first);

  expect(await verifyStore(one.offsite, { share: 1 })).toMatchObject({ results: [{ ok: true }], closed: [] });
  const next = await one.backup(2);
  expect((await copyToStore(one.offsite, next)).bytes_sent).toBeLessThan(100_000);
  expect((await copyStatus(one.offsite)).map(({ filename }) => filename).sort()).toEqual(
    [first, next].map(({ entry }) => entry.filename),
  );
});

test('a place that lost its format.json alone is the same place', async () => {
  const one = await host(directory.path, { identities: [] });
  one.write(charts(10));
  await copyToStore(one.offsite, await one.backup(1));
  rmSync(join(one.storeDir, 'plot/format.json'));
  const again = { ...one.offsite, store: new DirectoryStore(one.storeDir) };
  expect((await copyToStore(again, await one.backup(2))).bytes_sent).toBeLessThan(20_000);
  const verified = await verifyStore(again, { share: 1 });
  expect(verified).toMatchObject({ results: [{ ok: true }, { ok: true }], closed: [] });
});

test('a drill counts for the place that it was made in', async () => {
  const one = await host(directory.path);
  one.write(charts(3));
  const first = await one.backup(1);
  await copyToStore(one.offsite, first);
  const other = elsewhere(one);
  await copyToStore({ ...other.offsite, cacheDir: join(directory.path, 'of another host') }, first);
  const { copies } = await Copies.open(other.offsite);
  await recordDrill(other.offsite, copies[0]!, true);
  await verifyStore(one.offsite, { share: 0 });
  expect(await copyStatus(one.offsite)).toMatchObject([{ ok: true }]);
  expect((await copyStatus(one.offsite))[0]).not.toHaveProperty('drilled_at');
});

const elsewhere = (one: Host): Host => ({
  ...one,
  offsite: { ...one.offsite, store: new DirectoryStore(join(directory.path, 'elsewhere')) },
});
