/** The records of a pax extended header (POSIX pax, "pax Extended Header"): `<length> <key>=<value>\n`, length in decimal. */
import { type BytePath, isKeptXattr, type Xattrs } from '@gofr-backup/model';
import { MalformedHeader, SIZE_RANGE } from './header.ts';

/**
 * Records by key; values are byte strings. The last record of a key counts, except for the keys of the sparse map,
 * which add up.
 */
export type PaxRecords = Map<BytePath, BytePath>;

const XATTR = 'SCHILY.xattr.';
const REPEATED = /^GNU\.sparse\.(offset|numbytes)$/;

/** Throws MalformedHeader. An empty value deletes the key, as POSIX says; but an attribute may be empty. */
export function parsePaxRecords(bytes: Buffer, into: PaxRecords = new Map()): PaxRecords {
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 ? '' : bytes.toString('latin1', at, space);
    if (!/^[1-9]\d{0,8}$/.test(digits)) throw new MalformedHeader('its pax header is malformed');
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space + 1);
    if (end > bytes.length || equals === -1 || equals >= end || bytes[end - 1] !== 0x0a) {
      throw new MalformedHeader('its pax header is malformed');
    }
    setRecord(
      into,
      bytes.toString('latin1', space + 1, equals),
      bytes.toString('latin1', equals + 1, end - 1),
    );
    at = end;
  }
  return into;
}

function setRecord(records: PaxRecords, key: BytePath, value: BytePath): void {
  const before = REPEATED.test(key) ? records.get(key) : undefined;
  if (value === '' && !key.startsWith(XATTR)) records.delete(key);
  else records.set(key, before === undefined ? value : `${before},${value}`);
}

/** The whole number in a record, or undefined when there is no such record. */
export function paxNumber(
  records: PaxRecords,
  key: string,
  [minimum, maximum]: readonly [number, number] = SIZE_RANGE,
): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,20}$/.test(text)) throw new MalformedHeader(`its pax ${key} is not a number`);
  const value = Number(text);
  if (value < 0 && minimum >= 0) throw new MalformedHeader(`its pax ${key} is negative`);
  if (value < minimum || value > maximum) throw new MalformedHeader(`its pax ${key} is out of range`);
  return value;
}

/**
 * Nanoseconds of a decimal time such as `-1.5`; digits past the ninth are cut, as GNU tar does. Python writes times near 1970
 * with an exponent: `1e-05`.
 */
export function paxTime(records: PaxRecords, key: string): bigint | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d{1,20})(?:\.(\d*))?(?:e([+-]?\d{1,2}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new MalformedHeader(`its pax ${key} is not a time`);
  const shift = 9 + Number(exponent);
  const digits = whole + fraction.slice(0, Math.max(0, shift)).padEnd(Math.max(0, shift), '0');
  const nanoseconds = BigInt(shift < 0 ? digits.slice(0, shift) || '0' : digits);
  return sign === '-' ? -nanoseconds : nanoseconds;
}

/** `<length> <key>=<value>\n`, where the length counts itself. Key and value are byte strings. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const digits = String(rest.length).length;
  // With its own digits the length may have one digit more.
  const length = rest.length + digits;
  return `${String(length).length > digits ? length + 1 : length}${rest}`;
}

/** The bytes of the records for these attributes. GNU tar escapes `%` and `=` of a name: a key ends at the first `=`. */
export function xattrRecords(xattrs: Xattrs | undefined): string {
  if (xattrs === undefined) return '';
  return [...xattrs]
    .map(([name, value]) => paxRecord(XATTR + escaped(name), value.toString('latin1')))
    .join('');
}

/** Of a record's length, its key's prefix and its punctuation, at most. */
const RECORD_BYTES = 32;

/** The bytes of these records, at most: an escaped character takes three. */
export function mostXattrBytes(xattrs: Xattrs | undefined): number {
  if (xattrs === undefined) return 0;
  let length = 0;
  for (const [name, value] of xattrs) length += 3 * name.length + value.length + RECORD_BYTES;
  return length;
}

const escaped = (name: string): string => name.replaceAll('%', '%25').replaceAll('=', '%3D');
const unescaped = (name: string): string => name.replaceAll('%3D', '=').replaceAll('%25', '%');

/** Extended attributes as star, GNU tar and bsdtar write them. */
export function paxXattrs(records: PaxRecords): Map<string, Buffer> | undefined {
  let found: Map<string, Buffer> | undefined;
  for (const [key, value] of records) {
    if (!key.startsWith(XATTR)) continue;
    const name = unescaped(key.slice(XATTR.length));
    if (!isKeptXattr(name)) continue;
    found ??= new Map();
    found.set(name, Buffer.from(value, 'latin1'));
  }
  return found;
}
