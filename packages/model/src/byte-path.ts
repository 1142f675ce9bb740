/** Paths as bytes: file names on Linux are byte strings, so a BytePath holds one byte per character (latin1). */
import { CONTROL, escapeCharacter, UNPRINTABLE } from './text/printable.ts';

/**
 * A path as bytes: every character is one byte (latin1), because file names need not be UTF-8. Archive paths are
 * relative, `/`-separated, without `.` or `..`, and without a trailing slash.
 */
export type BytePath = string;

const NOT_ASCII = /[\u0080-\u{10ffff}]/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A lone surrogate that stands for a byte: U+DC80 for 0x80, to U+DCFF. */
const BYTE = /[\udc80-\udcff]/gu;
const BYTE_BASE = 0xdc00;

export function toBytePath(text: string): BytePath {
  if (!NOT_ASCII.test(text)) return text;
  const latin = (part: string): BytePath => Buffer.from(part, 'utf8').toString('latin1');
  if (text.isWellFormed()) return latin(text);
  let [bytes, from] = ['', 0];
  for (const { 0: stand, index } of text.matchAll(BYTE)) {
    bytes += latin(text.slice(from, index)) + String.fromCharCode(stand.charCodeAt(0) - BYTE_BASE);
    from = index + 1;
  }
  return bytes + latin(text.slice(from));
}

/**
 * A path as text that toBytePath turns back: where it is no UTF-8, each byte that is no ASCII is a lone surrogate. It
 * survives JSON. Not for people (displayPath), and not for node:fs (fsPath).
 */
export function pathText(path: BytePath): string {
  return (
    utf8Of(path) ??
    path.replace(/[\u0080-\u00ff]/g, (byte) => String.fromCharCode(BYTE_BASE + byte.charCodeAt(0)))
  );
}

export function bytesOf(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** What node:fs takes: the string itself when it is plain ASCII (cheaper), its bytes otherwise. */
export function fsPath(path: BytePath): string | Buffer {
  return NOT_ASCII.test(path) ? bytesOf(path) : path;
}

/**
 * A path for people: valid UTF-8 as it is, but other bytes, control characters and marks of writing direction as \xNN
 * for each byte. A backslash that would read as such an escape is written \x5c, so two different paths never look the
 * same.
 */
export const displayPath = (path: BytePath): string => escaped(path, UNPRINTABLE);

/** The same for patterns, with marks of writing direction as they are: names and patterns of real languages have them. */
export const globPath = (path: BytePath): string => escaped(path, CONTROL);

function escaped(path: BytePath, unreadable: RegExp): string {
  const marked = path.replace(/\\(?=x[0-9a-f]{2})/g, '\\x5c');
  return (utf8Of(marked) ?? marked.replace(/[\u0080-\u00ff]/g, escapeByte)).replace(
    unreadable,
    escapeCharacter,
  );
}

/** The text of a BytePath, or undefined when its bytes are not valid UTF-8. */
export function utf8Of(path: BytePath): string | undefined {
  if (!NOT_ASCII.test(path)) return path;
  try {
    return utf8.decode(bytesOf(path));
  } catch {
    return undefined;
  }
}

export function joinPath(parent: BytePath, name: BytePath): BytePath {
  if (parent === '') return name;
  return parent.endsWith('/') ? parent + name : `${parent}/${name}`;
}

function escapeByte(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
