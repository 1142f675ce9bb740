/** Words of commands that a person copies into a shell, quoted as POSIX has it (XCU 2.2, and `printf` with `%b`). */
import { UNPRINTABLE } from './printable.ts';

/** One word for `sh`, on one line where that is possible, without a character that would drive a terminal. */
export const shellWord = (text: string): string => (/^[\w./:@%+,-]+$/.test(text) ? text : shellQuoted(text));

/**
 * `'it'\''s'`. Control characters are spelled out by `printf`, because `$'…'` is no POSIX. A substitution loses the
 * newlines at its end, so these stand as they are. The text holds no NUL, as no argument does.
 */
export function shellQuoted(text: string): string {
  const [, head = '', newlines = ''] = /^(.*?)(\n*)$/s.exec(text) ?? [];
  if (head.search(UNPRINTABLE) === -1) return singleQuoted(text);
  const spelled = head.replaceAll('\\', '\\\\').replace(UNPRINTABLE, octal);
  return `"$(printf %b ${singleQuoted(spelled)})"${newlines === '' ? '' : singleQuoted(newlines)}`;
}

const singleQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const octal = (character: string): string =>
  [...Buffer.from(character, 'utf8')].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
