/** One backup: what it is, what was wrong while it was made, what is in it, and how to get it back. */
import { startedBy } from '../view/job.ts';
import {
  type BytePath,
  displayPath,
  DAMAGED,
  formatCount,
  formatDuration,
  formatNumber,
  formatSize,
  shellWord,
} from '@gofr-backup/model';
import type { BackupCopy, Dated } from '@gofr-backup/core';
import { encodeBytePath, type Directory, type TreeRow } from '../view/tree.ts';
import { guidePath } from '../view/guide.ts';
import { restoreCommands } from '../view/restore-command.ts';
import { backupLink, backupTitle } from './backups.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { futureMark, pinMark, statusBadge } from './marks.ts';
import { commandList } from './restore-steps.ts';
import { actionButton, page, type Shell, time } from './shell.ts';

export interface BackupDetail {
  backup: Dated;
  /** one for each store; undefined: what is known of them cannot be read */
  copies: readonly BackupCopy[] | undefined;
  /** the directory shown; undefined: what is in it cannot be read */
  directory: Directory | undefined;
  path: BytePath;
  /** how the restore command begins on this host */
  restoreCommand: string;
  /** of a damaged one: the newest good one before it, else the next after it */
  instead?: Dated | undefined;
  /** the same archive in other tiers */
  twins: readonly Dated[];
}

export function backupPage(shell: Shell, detail: BackupDetail): Html {
  const { backup, directory, path } = detail;
  const { entry, at } = backup;
  const title = backupTitle(shell, backup);
  const isCorrupt = entry.status === 'corrupt';
  const body = html`<div>
      <h1>${title}</h1>
      <p class="muted file-name">${entry.filename}</p>
      <p>
        ${statusBadge(entry.status)} ${pinMark(entry)} ${futureMark(at, shell.now)}
        ${twinMarks(shell, detail.twins)}
      </p>
    </div>
    <div class="actions">
      ${!isCorrupt && html`<a class="button primary" href="${restoreLink(shell, entry.filename)}">Restore</a>`}
      <a class="button" href="${backupLink(shell, entry.filename, '/download')}"
        >${icon('download')} Download ${formatSize(entry.size_bytes)}</a
      >
      ${actionButton(shell, 'verify', 'Verify', { name: entry.filename })}
      ${actionButton(shell, 'drill', 'Run a restore drill', { backup: entry.filename })}
    </div>
    ${isCorrupt && damage(shell, detail)} ${contents(shell, entry.filename, path, directory)}
    ${warnings(backup)}
    <section class="card">${facts(shell, backup)}</section>
    ${detail.copies && copiesCard(shell, detail.copies)} ${!isCorrupt && restore(detail)}`;
  return page(shell, 'backups', title, body);
}

const restoreLink = (shell: Shell, backup: string, path?: BytePath): string =>
  shell.link(guidePath(path ? { path: displayPath(path), backup } : { what: 'all', backup }));

const twinMarks = (shell: Shell, twins: readonly Dated[]): Html | '' =>
  html`${twins.map(
    ({ entry }) => html`<a class="badge" href="${backupLink(shell, entry.filename)}">also ${entry.tier}</a> `,
  )}`;

function facts(shell: Shell, { entry, at }: Dated): Html {
  const rows: [string, Html | string | undefined][] = [
    ['Created', html`${time(shell, at, 'full')} (${time(shell, at, 'relative')})`],
    ['Tier', entry.tier],
    ['Started by', entry.trigger && startedBy(entry.trigger)],
    ['Size', formatSize(entry.size_bytes)],
    ['Original size', entry.source_bytes === undefined ? undefined : formatSize(entry.source_bytes)],
    ['Files', entry.files === undefined ? undefined : formatNumber(entry.files)],
    ['Components', entry.components?.join(', ')],
    ['Compression', entry.compression && `${entry.compression} ${entry.compression_level ?? ''}`],
    [
      'Unchanged since the previous backup',
      entry.reused_bytes === undefined ? undefined : formatSize(entry.reused_bytes),
    ],
    ['Duration', entry.duration_ms === undefined ? undefined : formatDuration(entry.duration_ms)],
    [
      'Verified',
      entry.verified_at ? time(shell, Date.parse(entry.verified_at), 'full') : entry.verified ? 'yes' : 'no',
    ],
    [
      'Duration of the verification',
      entry.verify_ms === undefined ? undefined : formatDuration(entry.verify_ms),
    ],
    ['Last drill', drillText(shell, entry.last_drill_at, entry.last_drill_ok)],
    ['SHA-256', entry.sha256 && html`<code class="hash">${entry.sha256}</code>`],
  ];
  return html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        value &&
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function drillText(shell: Shell, at: string | undefined, ok: boolean | undefined): Html | undefined {
  if (at === undefined) return undefined;
  return html`${ok === false ? html`<b class="danger-text">failed</b>` : 'passed'},
  ${time(shell, Date.parse(at), 'full')}`;
}

function copiesCard(shell: Shell, copies: readonly BackupCopy[]): Html | '' {
  if (copies.length === 0) return '';
  return html`<section class="card" id="copies">
    <h2>Copies</h2>
    <dl class="facts">
      ${copies.map(
        ({ store, status }) =>
          html`<div>
            <dt>${store}</dt>
            <dd>${status ? copyText(shell, status) : 'no copy'}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

function copyText(shell: Shell, status: NonNullable<BackupCopy['status']>): Html {
  const { ok, sent_at, listed_at, read_at, drilled_at } = status;
  const known: [string, number | undefined][] = [
    ['sent', Date.parse(sent_at)],
    ['seen there', listed_at === undefined ? undefined : Date.parse(listed_at)],
    ['read back', read_at],
    ['drilled', drilled_at === undefined ? undefined : Date.parse(drilled_at)],
  ];
  return html`${!ok && html`<b class="danger-text">damaged or not whole</b>, `}${known
    .filter(([, at]) => at !== undefined)
    .map(([word, at], n) => html`${n > 0 && ', '}${word} ${time(shell, at!, 'near')}`)}`;
}

/** More than this many fill the page and tell no more. */
const MOST_WARNINGS = 200;

function warnings({ entry }: Dated): Html | '' {
  const all = (entry.warnings ?? []).filter(({ code }) => code !== DAMAGED);
  if (all.length === 0) return '';
  return html`<section class="card">
    <h2>${formatCount(all.length, 'warning')}</h2>
    <ul class="warnings">
      ${all
        .slice(0, MOST_WARNINGS)
        .map(
          ({ code, path, message }) =>
            html`<li><code>${code}</code> ${path && html`<b>${path}</b>`} ${message}</li>`,
        )}
    </ul>
    ${all.length > MOST_WARNINGS && html`<p class="muted">and ${formatNumber(all.length - MOST_WARNINGS)} more, in manifest.json</p>`}
  </section>`;
}

/** The damaged one is not offered for a restore, because it would put less than all in place. */
function damage(shell: Shell, { backup: { entry }, instead }: BackupDetail): Html {
  const [told, ...lost] = (entry.warnings ?? []).filter(({ code }) => code === DAMAGED);
  const guide = shell.link(guidePath({ what: 'all', backup: entry.filename }));
  return html`<section class="card">
    <p class="notice danger">
      This backup is damaged: its contents have changed on disk.
      ${told ? html`<b>${told.message}.</b>` : 'Verify it to learn which files are lost.'}
    </p>
    <div class="actions">
      ${
        instead &&
        html`<a class="button primary" href="${restoreLink(shell, instead.entry.filename)}"
          >Restore the good one of ${time(shell, instead.at, 'near')}</a
        >`
      }
      <a class="button" href="${guide}">Salvage what proves right</a>
    </div>
    ${
      lost.length > 0 &&
      html`<details open>
        <summary>Damaged: ${formatCount(lost.length, 'file')}</summary>
        <ul class="warnings">
          ${lost.map(({ path, message }) => html`<li><code>${path}</code> <span class="muted">${message}</span></li>`)}
        </ul>
      </details>`
    }
  </section>`;
}

function restore({ restoreCommand, backup: { entry } }: BackupDetail): Html {
  return html`<section class="card">
    <h2>By hand</h2>
    ${commandList(restoreCommands(restoreCommand, { backup: entry.filename }))}
    ${commandList([{ title: 'With nothing but tar, beside the archive', command: byTarAlone(entry.filename) }])}
  </section>`;
}

const byTarAlone = (filename: string): string =>
  `sha256sum -c ${shellWord(`${filename}.sha256`)} && tar -xf ${shellWord(filename)} -C /somewhere/empty`;

function contents(shell: Shell, filename: string, path: BytePath, directory: Directory | undefined): Html {
  return html`<section class="card" id="files">
    <div class="heading">
      <h2>Files</h2>
      ${directory && folderLinks(shell, filename, path)}
    </div>
    ${breadcrumbs(shell, filename, path)}
    ${
      directory === undefined
        ? html`<p class="empty">What is in this archive cannot be read. Verify it to learn more.</p>`
        : directoryTable(shell, filename, path, directory)
    }
  </section>`;
}

const folderLinks = (shell: Shell, filename: string, path: BytePath): Html =>
  html`<span class="links">
    ${path !== '' && html`<a href="${shell.link(guidePath({ path: displayPath(path) }))}">Other states</a> <a href="${restoreLink(shell, filename, path)}">Restore this folder</a>`}
    <a href="${backupLink(shell, filename, `/folder?path=${encodeBytePath(path)}`)}" download
      >This folder as .tar.gz</a
    >
  </span>`;

const filesLink = (shell: Shell, filename: string, path: BytePath): string =>
  backupLink(shell, filename, path === '' ? '#files' : `?path=${encodeBytePath(path)}#files`);

function breadcrumbs(shell: Shell, filename: string, path: BytePath): Html {
  const steps = path === '' ? [] : path.split('/');
  return html`<nav class="crumbs" aria-label="Directory">
    <a href="${filesLink(shell, filename, '')}">archive</a>
    ${steps.map(
      (step, i) =>
        html`<span aria-hidden="true">/</span
          ><a href="${filesLink(shell, filename, steps.slice(0, i + 1).join('/'))}">${displayPath(step)}</a>`,
    )}
  </nav>`;
}

function directoryTable(shell: Shell, filename: string, path: BytePath, { rows, omitted }: Directory): Html {
  if (rows.length === 0) return html`<p class="empty">This directory is empty.</p>`;
  const parent = path.split('/').slice(0, -1).join('/');
  return html`<table class="tree">
      <thead>
        <tr>
          <th>Name</th>
          <th class="number">Size</th>
          <th class="wide">Changed</th>
          <th class="wide">Mode</th>
          <th class="wide"><span class="skip">Restore</span></th>
        </tr>
      </thead>
      <tbody>
        ${
          path !== '' &&
          html`<tr>
            <td colspan="5"><a href="${filesLink(shell, filename, parent)}">${icon('folder')} ..</a></td>
          </tr>`
        }
        ${rows.map((row) => treeRow(shell, filename, row))}
      </tbody>
    </table>
    ${omitted > 0 && html`<p class="muted">and ${formatNumber(omitted)} more; see <code>gofr-backup files</code></p>`}`;
}

function treeRow(shell: Shell, filename: string, row: TreeRow): Html {
  return html`<tr>
    <td class="name">${treeName(shell, filename, row)}</td>
    <td class="number">
      ${row.type === 'symlink' ? '–' : formatSize(row.size)}
      ${row.type === 'directory' && html`<span class="muted nowrap">${formatCount(row.files, 'file')}</span>`}
    </td>
    <td class="wide">${row.mtimeMs === undefined ? '–' : time(shell, row.mtimeMs, 'full')}</td>
    <td class="wide"><code>${row.mode === undefined ? '–' : row.mode.toString(8).padStart(4, '0')}</code></td>
    <td class="wide number">
      <a
        href="${shell.link(guidePath({ path: displayPath(row.path) }))}"
        aria-label="Other states of ${displayPath(row.name)}"
        >states</a
      >
    </td>
  </tr>`;
}

function treeName(shell: Shell, filename: string, { type, name, path, linkTarget }: TreeRow): Html {
  const shown = displayPath(name);
  if (type === 'directory')
    return html`${icon('folder')} <a href="${filesLink(shell, filename, path)}">${shown}</a>`;
  if (type === 'symlink') {
    return html`<span
      >${icon('link')} ${shown} <span class="muted">→ ${displayPath(linkTarget ?? '')}</span></span
    >`;
  }
  const address = backupLink(shell, filename, `/file?path=${encodeBytePath(path)}`);
  return html`<a href="${address}" download>${icon('file')} ${shown}</a>`;
}
