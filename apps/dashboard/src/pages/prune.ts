/** The page of what pruning would remove now, and why; the button comes after the list. */
import { formatCount, formatNumber, formatSize, type PruneDecision } from '@gofr-backup/model';
import type { Trash } from '../sources/trash.ts';
import type { Page } from '../view/listing.ts';
import { backupLink } from './backups.ts';
import { html, type Html } from './html.ts';
import { pager } from './marks.ts';
import { actionButton, page, type Shell, time } from './shell.ts';

export interface PrunePreview {
  decisions: readonly PruneDecision[];
  /** why nothing would be removed although decisions say so */
  held: string | undefined;
  sizes: ReadonlyMap<string, number>;
  kept: Page<PruneDecision>;
  trash: Trash;
  /** how long a pruned backup lies there */
  trashDays: number;
  /** stands for exactly these decisions; the action is refused when they have changed */
  fingerprint: string;
}

/** More rows than this are summed up. */
const MOST_REMOVED = 200;

export function prunePage(shell: Shell, preview: PrunePreview): Html {
  const removed = preview.decisions.filter(({ action }) => action === 'remove');
  const bytes = removed.reduce((sum, { filename }) => sum + (preview.sizes.get(filename) ?? 0), 0);
  const body = html`<h1>Pruning</h1>
    ${preview.held && html`<p class="notice attention">Pruning is held: ${preview.held}. If you expected this, run <code>gofr-backup prune --force</code>.</p>`}
    <section class="card" data-live="remove">
      <h2>
        ${removed.length === 0 ? 'Nothing would be removed' : `${formatNumber(removed.length)} would be removed`}
      </h2>
      ${
        removed.length > 0 &&
        html`${decisionTable(shell, removed.slice(0, MOST_REMOVED), preview.sizes)}
          ${removed.length > MOST_REMOVED && html`<p class="muted">and ${formatNumber(removed.length - MOST_REMOVED)} more</p>`}
          <div class="actions">
            ${
              !preview.held &&
              actionButton(
                shell,
                'prune',
                `Remove ${formatNumber(removed.length)} (${formatSize(bytes)})`,
                { plan: preview.fingerprint },
                'danger',
              )
            }
          </div>`
      }
    </section>
    ${trashSection(shell, preview)}
    <section class="card" data-live="keep">
      <h2>${formatNumber(preview.kept.total)} would be kept</h2>
      ${decisionTable(shell, preview.kept.rows, preview.sizes)}
      ${pager(shell, 'prune', preview.kept.page, preview.kept.pages, {})}
    </section>`;
  return page(shell, 'prune', 'Pruning', body);
}

/** Also when it is empty: a person looks for it after a prune that was wrong. */
function trashSection(shell: Shell, { trash, trashDays }: PrunePreview): Html {
  const kept =
    trashDays === 0
      ? 'TRASH_DAYS is 0: what is pruned is gone at once.'
      : `What is pruned lies here for ${formatCount(trashDays, 'day')} (TRASH_DAYS), while the disk has room for another backup.`;
  return html`<section class="card" data-live="trash" id="trash">
    <h2>Trash</h2>
    <p class="muted">
      ${kept} Brought back, a backup is pinned: <code>gofr-backup unpin</code> lets it go again.
    </p>
    ${trash.length === 0 ? html`<p class="empty">The trash is empty.</p>` : trashTable(shell, trash)}
  </section>`;
}

function trashTable(shell: Shell, trash: Trash): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Backup</th>
        <th class="number wide">Size</th>
        <th>Gone</th>
        <th><span class="skip">Bring back</span></th>
      </tr>
    </thead>
    <tbody>
      ${trash.map(
        ({ filename, size_bytes, goes_at }) =>
          html`<tr>
            <td class="name">${filename}</td>
            <td class="number wide">${formatSize(size_bytes)}</td>
            <td>${time(shell, Date.parse(goes_at), 'relative')}</td>
            <td class="number">${actionButton(shell, 'undelete', 'Bring back', { backup: filename })}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function decisionTable(shell: Shell, rows: readonly PruneDecision[], sizes: PrunePreview['sizes']): Html {
  if (rows.length === 0) return html`<p class="empty">None.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>Backup</th>
        <th class="wide">Tier</th>
        <th class="number wide">Size</th>
        <th>Why</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ filename, tier, reasons }) =>
          html`<tr>
            <td class="name"><a href="${backupLink(shell, filename)}">${filename}</a></td>
            <td class="wide">${tier}</td>
            <td class="number wide">${formatSize(sizes.get(filename) ?? 0)}</td>
            <td>${reasons.join('; ')}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
