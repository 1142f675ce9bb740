/** The last steps of the restore guide: what would change, and how it is carried out. */
import { formatCount, formatSize, type RestoreOutcome } from '@gofr-backup/model';
import type { Asked } from '../view/guide.ts';
import { isOpen, type JobView } from '../view/job.ts';
import { type RestoreAsk, restoreCommands, type ShownCommand } from '../view/restore-command.ts';
import { type Guide, lostText, step } from './guide-parts.ts';
import { html, type Html } from './html.ts';
import { runningJob } from './jobs.ts';
import { actionButton, type Shell } from './shell.ts';

/** The fields by which an action knows what the guide was told. */
const fieldsOf = ({ path }: Asked, backup: string): Record<string, string> => ({
  backup,
  ...(path !== undefined && { path }),
});

export function previewStep(shell: Shell, { asked, chosen, preview }: Guide): Html {
  const title = 'What would change?';
  if (!chosen) return step(title, false, '');
  const { filename, status } = chosen.entry;
  if (status === 'corrupt')
    return step(
      title,
      true,
      html`<p class="notice danger">This backup is damaged, so it takes the place of nothing.</p>`,
    );
  const ask = (label: string) =>
    actionButton(shell, 'preview', label, fieldsOf(asked, filename)) ||
    html`<p class="muted">Add <code>--dry-run</code> to the command below.</p>`;
  if (preview === undefined || preview === null)
    return step(
      title,
      true,
      html`<p class="muted">
          A preview reads the backup and compares it with what is there now. It writes nothing.
        </p>
        ${ask('Preview')}`,
    );
  const content = isOpen(preview) ? runningJob(shell, preview) : ended(preview, ask);
  return step(title, true, html`<div data-live="preview">${content}</div>`);
}

function ended(preview: JobView, ask: (label: string) => Html): Html {
  if (preview.state === 'completed') return changesTable(preview.result as RestoreOutcome);
  return html`<p class="failure">${preview.failure ?? 'It failed.'}</p>
    ${ask('Preview again')}`;
}

const CHANGES = [
  ['added', 'Added', 'is lost now, and comes back'],
  ['replaced', 'Replaced', 'is there, and differs'],
  ['removed', 'Removed', 'is there, and not in the backup'],
  ['unchanged', 'Unchanged', ''],
] as const;

export function changesTable({ changes, warnings = [] }: RestoreOutcome): Html {
  return html`${
    changes &&
    html`<table class="changes">
      <tbody>
        ${CHANGES.map(
          ([key, name, meaning]) =>
            html`<tr class="${key}">
              <th scope="row">${name}</th>
              <td class="number">${formatCount(changes[key].files, 'file')}</td>
              <td class="number">${formatSize(changes[key].bytes)}</td>
              <td class="wide muted">${meaning}</td>
            </tr>`,
        )}
      </tbody>
    </table>`
  }
  ${
    warnings.length > 0 &&
    html`<ul class="warnings">
      ${warnings.slice(0, 50).map((warning) => html`<li>${warning}</li>`)}
    </ul>`
  }`;
}

export function carryOut(shell: Shell, guide: Guide): Html {
  const { asked, chosen, restoreCommand } = guide;
  const title = 'Bring it back';
  if (!chosen) return step(title, false, '');
  const ask: RestoreAsk = { backup: chosen.entry.filename, path: asked.path };
  if (chosen.entry.status === 'corrupt')
    return step(
      'Salvage',
      true,
      html`<p class="muted">
          Every file that proves right comes out into a new directory; the others are named.
        </p>
        ${elsewhere(shell, guide, { ...ask, salvage: true })}`,
    );
  return step(
    title,
    true,
    html`<h3>In place</h3>
      <p class="muted">
        This replaces ${lostText(asked)} as it is now, so it is typed and not clicked: a page can be opened by
        mistake, or by somebody else. Stop the services that write there first. The command checks the backup,
        says what it will overwrite, asks, saves the present state, and ends with the command that undoes it.
      </p>
      ${commandList(restoreCommands(restoreCommand, ask))}
      <h3>Into a new directory</h3>
      ${elsewhere(shell, guide, ask)}`,
  );
}

/** Where no root is allowed, a click cannot do it. */
export function elsewhere(
  shell: Shell,
  { roots, restoreCommand }: Pick<Guide, 'roots' | 'restoreCommand'>,
  ask: RestoreAsk,
): Html {
  const { backup, path, salvage } = ask;
  if (roots.length > 0 && !shell.readOnly) {
    const fields = { backup, ...(path !== undefined && { path }), ...(salvage && { salvage: 'true' }) };
    return html`<p class="muted">It overwrites nothing. Look at it there, and copy what you need.</p>
      <div class="actions">
        ${roots.map((root) => actionButton(shell, 'restore', `Into a new directory in ${root}`, { ...fields, root }, 'primary'))}
      </div>`;
  }
  const why = shell.readOnly
    ? ''
    : 'RESTORE_ROOTS of this installation names no directory for it, so it is typed as well. ';
  const [own] = restoreCommands(restoreCommand, { ...ask, to: '/somewhere/new' });
  return html`<p class="muted">${why}It overwrites nothing; look at it there, and copy what you need.</p>
    ${commandList(own ? [own] : [])}`;
}

export const commandList = (commands: readonly ShownCommand[]): Html =>
  html`${commands.map(
    ({ title, command }) =>
      html`<div class="typed">
        <span class="muted">${title}</span>
        <pre class="command" tabindex="0"><code>${command}</code></pre>
        <button type="button" class="quiet js copy" aria-label="Copy the command: ${title}">Copy</button>
      </div>`,
  )}`;
