import { html, type Html } from './html.ts';

/** A text of ours, in which code stands between backticks. */
export const withCode = (text: string): Html =>
  html`${text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;
