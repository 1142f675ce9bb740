/** The page of what pruning would remove now, and why; the button comes after the list. */
import { formatNumber, formatSize, type PruneDecision } from '@gofr-backup/model';
import type { Page } from '../view/listing.ts';
import { backupLink } from './backups.ts';
import { html, type Html } from './html.ts';
import { pager } from './marks.ts';
import { actionButton, page, type Shell } from './shell.ts';

export interface PrunePreview {
  decisions: readonly PruneDecision[];
  /** why nothing would be removed although decisions say so */
  held: string | undefined;
  sizes: ReadonlyMap<string, number>;
  kept: Page<PruneDecision>;
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
    <section class="card" data-live="keep">
      <h2>${formatNumber(preview.kept.total)} would be kept</h2>
      ${decisionTable(shell, preview.kept.rows, preview.sizes)}
      ${pager(shell, 'prune', preview.kept.page, preview.kept.pages, {})}
    </section>`;
  return page(shell, 'prune', 'Pruning', body);
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
