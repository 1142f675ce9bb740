import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { archive, extractTo, HOURS_LATER, listOf, opened, testPorts } from '@gofr-backup/archive/testing';
import { heldTime, isSameTime } from '@gofr-backup/model';
import { hostileTar } from '@gofr-backup/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backup } from './backup.ts';
import { drill } from './drill.ts';
import { restore } from './restore.ts';
import { makeWorld } from './restoring.fixture.ts';

/** A file system in memory keeps any time. */
const KEEPS_ALL = existsSync('/dev/shm');
const NS = 1_000_000_000n;
const LAST = 2n ** 42n;
const SECONDS = [
  -(2n ** 62n),
  -LAST - 1n,
  -LAST,
  -100_000_000_000n,
  -9_223_372_037n,
  -(2n ** 31n) - 1n,
  -2n,
  0n,
  2n ** 31n,
  2n ** 33n,
  9_223_372_036n,
  9_223_372_037n,
  10_413_792_000n,
  15_032_385_536n,
  1_000_000_000_000n,
  LAST,
  LAST + 1n,
  2n ** 62n,
];
/** The nearest that is archived. */
const held = (seconds: bigint): bigint => (seconds < -LAST ? -LAST : seconds > LAST ? LAST : seconds);

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(KEEPS_ALL ? '/dev/shm' : tmpdir(), 'times-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const at = (name: string): string => join(base, name);
const timeOf = (path: string): bigint => lstatSync(path, { bigint: true }).mtimeNs;

function makeFiles(): void {
  mkdirSync(at('data'));
  for (const seconds of SECONDS) {
    writeFileSync(at(`data/at${seconds}`), String(seconds));
    mkdirSync(at(`data/in${seconds}`));
    execFileSync('ln', ['-s', 'nowhere', at(`data/to${seconds}`)]);
    for (const name of [`at${seconds}`, `in${seconds}`, `to${seconds}`])
      execFileSync('touch', ['-h', '-d', `@${seconds}`, at(`data/${name}`)]);
  }
}

test.runIf(KEEPS_ALL)(
  'what the file system holds comes back, or the nearest with a warning; as tar has it',
  async () => {
    makeFiles();
    const { warnings } = await archive(at('data'), at('out'), { clock: HOURS_LATER });
    const clamped = SECONDS.filter(
      (seconds) => held(seconds) !== seconds || held(seconds) === LAST || seconds === -LAST,
    );
    expect(warnings.map(({ code, path }) => `${code} ${path}`).toSorted()).toEqual(
      clamped
        .flatMap((seconds) => ['at', 'in', 'to'].map((kind) => `time-out-of-range storage/${kind}${seconds}`))
        .toSorted(),
    );
    await using reader = await opened({ archivePath: at('out'), indexPath: at('out.idx') });
    expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
    mkdirSync(at('tar'));
    execFileSync('tar', ['-xpf', at('out'), '-C', at('tar'), '--warning=no-timestamp']);
    const reports = [
      await extractTo(at('out'), at('indexed'), { indexPath: at('out.idx') }),
      await extractTo(at('out'), at('streamed')),
    ];
    expect(reports.flatMap(({ warnings: said }) => said)).toEqual([]);
    for (const tree of ['tar', 'indexed', 'streamed'])
      for (const seconds of SECONDS)
        for (const kind of ['at', 'in', 'to'])
          expect([tree, kind, seconds, timeOf(at(`${tree}/storage/${kind}${seconds}`))]).toEqual([
            ...[tree, kind, seconds],
            held(seconds) * NS,
          ]);
    // nothing has changed, and all of it is known again
    const previous = { archivePath: at('out'), indexPath: at('out.idx') };
    const again = await archive(at('data'), at('again'), { previous, linkUnchanged: true });
    expect(again.linked).toBe(true);
  },
);

test.runIf(KEEPS_ALL)('a service with such files is backed up, drilled and restored', async () => {
  const world = makeWorld({ verifyAfterBackup: true });
  try {
    makeFiles();
    mkdirSync(join(world.base, 'data'));
    execFileSync('cp', ['-a', at('data'), join(world.base, 'data/storage')]);
    const { filename, status } = (await backup(world.ctx, { trigger: 'manual' })).backup;
    expect(status).toBe('good');
    expect(await drill(world.ctx, { backup: filename })).toMatchObject({ ok: true, problems: [] });
    const { changes } = await restore(world.ctx, { backup: filename, dryRun: true });
    const clamped = SECONDS.filter((seconds) => held(seconds) !== seconds);
    expect(changes).toMatchObject({ added: { files: 0 }, removed: { files: 0 }, replaced: { files: 0 } });
    expect(changes!.unchanged.files).toBe(SECONDS.length * 2);
    await restore(world.ctx, { backup: filename, safetyBackup: false });
    for (const seconds of SECONDS)
      expect(timeOf(join(world.base, `data/storage/in${seconds}`))).toBe(held(seconds) * NS);
    expect(clamped.length).toBeGreaterThan(0);
  } finally {
    await world.dispose();
  }
});

test.skipIf(!KEEPS_ALL)(
  'where the file system keeps no such time it is said, and is no fault of the backup',
  async () => {
    // ext4 and its like, on which the temporary directory lies; else this proves nothing
    writeFileSync(at('probe'), '');
    const elsewhere = mkdtempSync(join(tmpdir(), 'times-'));
    try {
      writeFileSync(join(elsewhere, 'probe'), '');
      execFileSync('touch', ['-d', '@1000000000000', join(elsewhere, 'probe')]);
      const keeps = timeOf(join(elsewhere, 'probe')) === 1_000_000_000_000n * NS;
      mkdirSync(at('data'));
      writeFileSync(at('data/far'), 'x');
      execFileSync('touch', ['-d', '@1000000000000', at('data/far')]);
      await archive(at('data'), at('out'));
      const { warnings } = await extractTo(at('out'), join(elsewhere, 'restored'), {
        indexPath: at('out.idx'),
      });
      expect(warnings.map(({ code, path }) => `${code} ${path}`)).toEqual(
        keeps ? [] : ['time-not-kept storage/far'],
      );
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  },
);

const base256 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(12, value < 0n ? 0xff : 0);
  bytes.writeBigInt64BE(value, 4);
  bytes[0]! |= 0x80;
  return bytes;
};

test.each([
  ['a pax header', (text: string) => ({ pax: { mtime: text } })],
  ['a number in base 256', (text: string) => ({ patches: { 136: base256(BigInt(text.split('.')[0]!)) } })],
])('a time by others in %s comes back, or the nearest there is', async (_, header) => {
  const texts = [
    '9223372036854775807',
    '-9223372036854775808',
    '4398046511105',
    '253402300800',
    '-62135596800',
    '-1',
    '0',
  ];
  const members = texts.map((text, n) => ({ name: `file${n}`, content: 'x', ...header(text) }));
  writeFileSync(at('out'), hostileTar(members));
  await using reader = await opened({ archivePath: at('out') });
  expect((await reader.verify(testPorts())).ok).toBe(true);
  const times = (await listOf(reader.entries())).map(({ mtimeNs }) => mtimeNs);
  expect(times).toEqual(texts.map((text) => held(BigInt(text)) * NS));
  await extractTo(at('out'), at('fresh'));
  if (KEEPS_ALL) expect(texts.map((_text, n) => timeOf(at(`fresh/file${n}`)))).toEqual(times);
});

test('a time set through a double counts as the same, and its neighbours as others', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 75n), max: 2n ** 75n }), (any) => {
      const ns = heldTime(any);
      expect(isSameTime(ns, ns)).toBe(true);
      const throughDouble = Number(ns / NS) + Number(ns % NS) / 1e9;
      const whole = Math.trunc(throughDouble);
      const set = BigInt(whole) * NS + BigInt(Math.trunc((throughDouble - whole) * 1e9));
      expect(isSameTime(ns, set)).toBe(true);
      expect(isSameTime(ns, ns + 10_000_000n)).toBe(false);
      expect(heldTime(ns)).toBe(ns);
      expect(new Date(Number(ns / 1_000_000n)).toISOString()).toMatch(/Z$/);
    }),
  );
});
