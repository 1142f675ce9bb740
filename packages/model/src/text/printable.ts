/**
 * Words of others (names, messages, log lines) before a person reads them. A control character could drive the terminal,
 * begin a line of its own, or show text in another order than it has.
 */

// C0, DEL and C1; marks, embeddings, overrides and isolates of writing direction; line and paragraph separators
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
const DIRECTIONS = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u206f';
const LINES = '\\u2028\\u2029';

export const CONTROL = new RegExp(`[${CONTROLS}]`, 'g');
export const UNPRINTABLE = new RegExp(`[${CONTROLS}${DIRECTIONS}${LINES}]`, 'g');
/** as it stands in a text of several lines */
const UNPRINTABLE_IN_TEXT = new RegExp(`(?![\\t\\n])[${CONTROLS}${DIRECTIONS}${LINES}]`, 'g');
/** what JSON.stringify leaves as it is */
const UNPRINTABLE_IN_JSON = new RegExp(`[\\u007f-\\u009f${DIRECTIONS}${LINES}]`, 'g');

/** `\xNN` for each byte the character has in UTF-8. */
export const escapeCharacter = (character: string): string =>
  [...Buffer.from(character, 'utf8')].map((byte) => `\\x${hex(byte, 2)}`).join('');

/** A text of one line or several; tabs and newlines stay. */
export const printable = (text: string): string => text.replace(UNPRINTABLE_IN_TEXT, escapeCharacter);

/** One line, whatever the text holds. */
export const oneLine = (text: string): string => text.replace(UNPRINTABLE, escapeCharacter);

/** A JSON document that no terminal takes for more than text. */
export const jsonText = (document: unknown, indent?: number): string =>
  printableJson(JSON.stringify(document, null, indent));

/** The same document, of JSON text that is there already. */
export const printableJson = (json: string): string =>
  json.replace(UNPRINTABLE_IN_JSON, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
