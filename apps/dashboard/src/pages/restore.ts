/** The restore guide: what is lost, when was it good, what a restore would change, and the command. */
import type { FoundPath } from '@gofr-backup/core';
import { formatCount, formatMinute, formatNumber, formatSize } from '@gofr-backup/model';
import { type Asked, guidePath } from '../view/guide.ts';
import type { Moment } from '../view/moments.ts';
import { backupLink } from './backups.ts';
import { type Guide, lostText, step } from './guide-parts.ts';
import { html, type Html } from './html.ts';
import { pager, statusBadge } from './marks.ts';
import { carryOut, previewStep } from './restore-steps.ts';
import { page, type Shell, time } from './shell.ts';

export function restorePage(shell: Shell, guide: Guide): Html {
  const body = html`<h1>Restore</h1>
    <ol class="guide">
      ${whatStep(shell, guide)} ${whenStep(shell, guide)} ${previewStep(shell, guide)}
      ${carryOut(shell, guide)}
    </ol>`;
  return page(shell, 'restore', 'Restore', body);
}

function whatStep(shell: Shell, guide: Guide): Html {
  const { asked, found, newest } = guide;
  if (asked.what !== undefined) {
    const again = html`<p>
      ${lostText(asked)} <a href="${shell.link('restore')}">Choose something else</a>
    </p>`;
    return step('What is lost?', true, again);
  }
  const walk =
    newest &&
    html`<a class="button" href="${backupLink(shell, newest.entry.filename, '#files')}"
      >Walk through the newest backup</a
    >`;
  return step(
    'What is lost?',
    true,
    html`<div class="actions">
        <a class="button" href="${shell.link(guidePath({ what: 'all' }))}">Everything</a>
        ${walk}
      </div>
      <form class="filter" method="get" action="${shell.link('restore')}" role="search">
        <label
          >A folder or a file: a part of its name, a pattern, or its path
          <input
            type="search"
            name="q"
            id="filter"
            value="${asked.text ?? ''}"
            placeholder="chart-*.png"
            required
        /></label>
        <button>Look for it</button>
      </form>
      ${found && foundTable(shell, asked, found)}`,
  );
}

function foundTable(shell: Shell, { text = '' }: Asked, found: readonly FoundPath[]): Html {
  if (found.length === 0) return html`<p class="empty">No backup holds anything named ${text}.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>Found</th>
        <th class="number">Size</th>
        <th class="wide">Last in</th>
      </tr>
    </thead>
    <tbody>
      ${found.map(
        ({ path, type, size, filename }) =>
          html`<tr>
            <td class="name">
              <a href="${shell.link(guidePath({ what: 'path', path }))}"
                >${path}${type === 'directory' ? '/' : ''}</a
              >
            </td>
            <td class="number">${type === 'file' ? formatSize(size) : '–'}</td>
            <td class="wide name">${filename}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function whenStep(shell: Shell, { asked, moments, chosen, looked }: Guide): Html {
  const title = 'When was it good?';
  if (asked.what === undefined || moments === undefined) return step(title, false, '');
  if (typeof moments === 'string') return step(title, true, html`<p class="empty">${moments}</p>`);
  const { backup: _, preview: __, ...before } = asked;
  if (chosen) {
    const { entry, at } = chosen;
    const again = html`<a href="${shell.link(guidePath(before))}">Choose another time</a>`;
    return step(
      title,
      true,
      html`<p>
          <b>${formatMinute(at, shell.timezone)}</b> (${time(shell, at, 'relative')})
          ${statusBadge(entry.status)} ${again}
        </p>
        <p class="muted"><a href="${backupLink(shell, entry.filename)}">${entry.filename}</a></p>`,
    );
  }
  const query: Record<string, string> = asked.path === undefined ? { what: 'all' } : { path: asked.path };
  return step(
    title,
    true,
    html`<p class="muted">Newest first. Take the last state from before the loss.</p>
      <ol class="moments">
        ${moments.rows.map((moment) => momentRow(shell, asked, moment))}
      </ol>
      ${pager(shell, 'restore', moments.page, moments.pages, query)} ${looked && lookedText(looked)}`,
  );
}

function lookedText({ looked, unindexed, total }: NonNullable<Guide['looked']>): Html | '' {
  if (looked - unindexed === total) return '';
  const lacking =
    unindexed > 0 &&
    ` ${formatCount(unindexed, 'backup has', 'backups have')} no index; to verify makes one.`;
  return html`<p class="muted">
    ${formatNumber(looked - unindexed)} of ${formatCount(total, 'backup')} were looked into.${lacking}
  </p>`;
}

function momentRow(shell: Shell, asked: Asked, moment: Moment): Html {
  const { to, from, backup, status, held, change } = moment;
  const span =
    to === from ? time(shell, to, 'near') : html`${time(shell, from, 'near')} – ${time(shell, to, 'near')}`;
  const address = backup && guidePath({ ...asked, backup });
  return html`<li class="${status}">
    <b>${span}</b>
    <span>${held}${change && html` <span class="muted">(${change})</span>`}</span>
    ${status === 'good' || status === 'gone' ? '' : statusBadge(status)}
    ${address && html`<a class="button" href="${shell.link(address)}" aria-label="Choose ${formatMinute(to, shell.timezone)}">Choose</a>`}
  </li>`;
}
