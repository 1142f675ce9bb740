import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BackupError } from '@gofr-backup/model';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { proveHeaders, proveParsed } from './header-proof.ts';
import { paddedLength } from '../index/file.ts';

const component = fc
  .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1 })
  .map((text) => text.replaceAll('/', '_'))
  .filter((text) => text !== '.' && text !== '..');
const path = fc.oneof(
  fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  fc.integer({ min: 90, max: 1500 }).map((length) => 'long/'.repeat(length / 5).concat('x')),
);
const anyOf = fc.record({
  path,
  type: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const, 'hardlink' as const),
  size: fc.integer({ min: 0, max: 2000 }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff })),
  gid: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff })),
  mtimeNs: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 62n }), fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n })),
  target: path,
  sliced: fc.boolean(),
});
const manyOf = fc.array(anyOf, { minLength: 1, maxLength: 4 });

/** A frame as the writer makes it, and its entries as the index has them. */
function frameOf(wanted: (typeof anyOf extends fc.Arbitrary<infer T> ? T : never)[]) {
  const raw = Buffer.alloc(64 * 1024);
  let at = 0;
  const entries = wanted.map(({ target, sliced, ...fields }, n): IndexEntry => {
    const { type, mtimeNs } = fields;
    const isLink = type === 'symlink' || type === 'hardlink';
    const size = type === 'file' ? fields.size : 0;
    const entry = { ...fields, size, ...(isLink && { linkTarget: target }) };
    const headerOffset = at;
    const dataOffset = writeHeaderBlocks(raw, at, entry);
    const last = sliced && type === 'file' && n === wanted.length - 1;
    at = dataOffset + (last ? 0 : paddedLength(size));
    return {
      ...entry,
      ...{ ctimeNs: mtimeNs, ino: 1, sparse: false, sliced: last, frame: 0, headerOffset, dataOffset },
    };
  });
  return { raw: raw.subarray(0, at), entries };
}

const frame: IndexFrame = {
  number: 0,
  kind: 'entries',
  offset: 0,
  length: 0,
  rawLength: 0,
  crc32: 0,
  digest: Buffer.alloc(32),
  reusable: true,
  firstEntry: 0,
  entryCount: 0,
};

function refusalOf(prove: typeof proveHeaders, raw: Buffer, entries: IndexEntry[]): string | undefined {
  try {
    prove(raw, { ...frame, rawLength: raw.length }, entries);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof BackupError)) throw cause;
    return cause.code;
  }
}

test('what was written for the entries is accepted, where the parser does not refuse it', () => {
  fc.assert(
    fc.property(manyOf, (wanted) => {
      const { raw, entries } = frameOf(wanted);
      expect(refusalOf(proveHeaders, raw, entries)).toBe(refusalOf(proveParsed, raw, entries));
    }),
    { numRuns: 300 },
  );
});

test('a byte that was changed, or an entry, is judged as the parser judges it', () => {
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  const lie = fc.constantFrom<Partial<IndexEntry>>(
    ...[{ size: 5 }, { mode: 0o123 }, { uid: 77 }, { gid: 78 }, { mtimeNs: 1_500_000_000_000_000_001n }],
    ...[{ path: 'another' }, { linkTarget: 'elsewhere' }, { type: 'file' as const }, { sliced: true }],
  );
  fc.assert(
    fc.property(manyOf, change, fc.option(lie), fc.nat(3), (wanted, { at, to }, claim, which) => {
      const { raw, entries } = frameOf(wanted);
      if (claim) Object.assign(entries[which % entries.length]!, claim);
      else raw[at % raw.length] = to;
      expect(refusalOf(proveHeaders, raw, entries)).toBe(refusalOf(proveParsed, raw, entries));
    }),
    { numRuns: 600 },
  );
});

test('a frame that ends within an entry, or goes on after the last, is refused', () => {
  fc.assert(
    fc.property(manyOf, fc.integer({ min: -2, max: 2 }), (wanted, blocks) => {
      const { raw, entries } = frameOf(wanted.map((one) => ({ ...one, uid: 0, gid: 0, mtimeNs: 5n })));
      fc.pre(blocks !== 0 && raw.length + blocks * 512 >= entries.at(-1)!.dataOffset);
      const other = Buffer.alloc(raw.length + blocks * 512);
      raw.copy(other);
      expect(refusalOf(proveHeaders, other, entries)).toBe('ARCHIVE_DAMAGED');
    }),
  );
});
