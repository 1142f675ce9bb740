/** The table of backups, and the page that filters it. */
import {
  type CatalogueEntry,
  formatCount,
  formatDuration,
  formatMinute,
  formatNumber,
  formatSize,
  STATUSES,
  TIERS,
} from '@gofr-backup/model';
import type { Filter, Page, Row } from '../view/listing.ts';
import type { Dated } from '@gofr-backup/core';
import { html, type Html, raw } from './html.ts';
import { futureMark, pager, pinMark, statusBadge } from './marks.ts';
import { page, type Shell, time } from './shell.ts';

export const backupLink = (shell: Shell, filename: string, rest = ''): string =>
  shell.link(`backups/${encodeURIComponent(filename)}${rest}`);

/** `Daily backup of 2025-12-13 02:00` */
export const backupTitle = ({ timezone }: Pick<Shell, 'timezone'>, { entry, at }: Dated): string =>
  `${entry.tier[0]!.toUpperCase()}${entry.tier.slice(1)} backup of ${Number.isNaN(at) ? entry.timestamp : formatMinute(at, timezone)}`;

export function backupsPage(shell: Shell, found: Page<Row>, backups: number, filter: Filter): Html {
  const query: Record<string, string> = {
    ...(filter.tier && { tier: filter.tier }),
    ...(filter.status && { status: filter.status }),
    ...(filter.text && { q: filter.text }),
  };
  const body = html`<h1>Backups</h1>
    ${filterForm(shell, filter)}
    <section class="card" data-live="backups">
      <p class="muted">${formatCount(backups, 'backup')}</p>
      ${backupTable(shell, found.rows)} ${pager(shell, 'backups', found.page, found.pages, query)}
    </section>`;
  return page(shell, 'backups', 'Backups', body);
}

function filterForm(shell: Shell, filter: Filter): Html {
  const select = (name: string, label: string, values: readonly string[], chosen?: string) =>
    html`<label
      >${label}
      <select name="${name}">
        <option value="">any</option>
        ${values.map((value) => html`<option ${value === chosen ? raw('selected') : ''}>${value}</option>`)}
      </select></label
    >`;
  return html`<form class="filter" method="get" action="${shell.link('backups')}" role="search">
    <label
      >Name or date
      <input type="search" name="q" id="filter" value="${filter.text ?? ''}" placeholder="2025-12"
    /></label>
    ${select('tier', 'Tier', TIERS, filter.tier)} ${select('status', 'Status', STATUSES, filter.status)}
    <button>Filter</button>
  </form>`;
}

export function backupTable(shell: Shell, rows: readonly Row[]): Html {
  if (rows.length === 0) return html`<p class="empty">No backups found.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>Backup</th>
        <th>Status</th>
        <th class="number">Size</th>
        <th class="number wide">Files</th>
        <th class="number wide">Duration</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map((row) => backupRow(shell, row))}
    </tbody>
  </table>`;
}

const tiersOf = ({ tier }: CatalogueEntry, twins: readonly Dated[]): string =>
  TIERS.filter((one) => one === tier || twins.some(({ entry }) => entry.tier === one)).join(', ');

function backupRow(shell: Shell, { dated: { entry, at }, twins }: Row): Html {
  const warnings = entry.warnings?.length ?? 0;
  return html`<tr>
    <td class="name">
      <a href="${backupLink(shell, entry.filename)}"><b>${time(shell, at, 'near')}</b></a>
      <span class="muted">${tiersOf(entry, twins)}</span>
    </td>
    <td>
      ${statusBadge(entry.status)} ${pinMark(entry)} ${futureMark(at, shell.now)}
      ${warnings > 0 && html`<span class="muted nowrap">${formatCount(warnings, 'warning')}</span>`}
    </td>
    <td class="number">${formatSize(entry.size_bytes)}</td>
    <td class="number wide">${entry.files === undefined ? '–' : formatNumber(entry.files)}</td>
    <td class="number wide">${entry.duration_ms === undefined ? '–' : formatDuration(entry.duration_ms)}</td>
  </tr>`;
}
