/** Pieces of a page. Words of others become text: no markup, no control character, no override of writing direction. */
import { html as escaped } from 'hono/html';
import { printable } from '@gofr-backup/model';

export { raw } from 'hono/html';

/** Escaped by construction: only `html` makes one. */
export type Html = ReturnType<typeof escaped>;

export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html =>
  escaped(strings, ...values.map(shown));

const shown = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shown);
  return typeof value === 'string' ? printable(value) : value;
};
