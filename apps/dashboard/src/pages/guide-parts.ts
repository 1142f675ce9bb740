/** What the steps of the restore guide share. */
import type { Dated, FoundPath } from '@gofr-backup/core';
import type { Asked } from '../view/guide.ts';
import type { JobView } from '../view/job.ts';
import type { Page } from '../view/listing.ts';
import type { Moment } from '../view/moments.ts';
import { html, type Html } from './html.ts';

export interface Guide {
  asked: Asked;
  /** what was looked for and found */
  found?: readonly FoundPath[];
  /** undefined: it is not said yet what is lost; a text: why nothing can be told */
  moments?: Page<Moment> | string;
  /** not all backups were looked into */
  looked?: { looked: number; unindexed: number; total: number };
  chosen?: Dated;
  /** a preview that was asked for; null: it is not known any more */
  preview?: JobView | null;
  /** how the restore command begins on this host */
  restoreCommand: string;
  /** directories below which a new one may be filled through the queue */
  roots: readonly string[];
  newest?: Dated;
}

export function step(title: string, isOpen: boolean, content: Html | string): Html {
  return html`<li class="card ${isOpen ? '' : 'later'}">
    <h2>${title}</h2>
    ${content}
  </li>`;
}

/** Everything, or the path in display form. */
export const lostText = ({ what, path = '' }: Asked): Html =>
  what === 'all' ? html`<b>everything</b>` : html`<code>${path}</code>`;
