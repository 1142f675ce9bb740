/** A piece of a page. */
import type { html } from 'hono/html';

/** Escaped by construction: only `html` makes one. */
export type Html = ReturnType<typeof html>;
