/** The first page while there is no backup: what is in place, and what is still to do. */
import type { OpenAlert } from '@gofr-backup/model';
import type { HealthLine, Safety } from '@gofr-backup/core';
import type { JobView } from '../view/job.ts';
import { alertList } from './alerts.ts';
import { withCode } from './code.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { runningJobs } from './jobs.ts';
import { resumeButton } from './problems.ts';
import { actionButton, page, type Shell } from './shell.ts';

export interface FirstRun {
  lines: readonly HealthLine[];
  safety: Safety;
  alerts: readonly OpenAlert[];
  jobs: readonly JobView[] | undefined;
}

const NAMES: Record<string, string> = {
  data: 'Data',
  databases: 'Databases',
  space: 'Space',
  schedule: 'Schedule',
  redis: 'Service',
  backups: 'First backup',
  drill: 'First drill',
};

/** Without these no backup can be made. */
const BLOCKING = new Set(['data', 'space', 'redis']);

export function firstRunPage(shell: Shell, { lines, alerts, jobs, safety }: FirstRun): Html {
  const open = lines.filter(({ ok }) => !ok).length;
  const isPaused = safety.problems.some(({ code }) => code === 'paused');
  const isReady = lines.every(({ name, ok }) => ok || !BLOCKING.has(name));
  const body = html`<section class="hero first" data-live="hero" aria-labelledby="state">
      ${icon('archive')}
      <div>
        <h1 id="state">${isReady ? 'Ready for the first backup' : 'Before the first backup'}</h1>
        <p>There is none yet. ${open === 1 ? 'One thing is' : `${open} things are`} still to do below.</p>
      </div>
      <div class="actions">
        ${actionButton(shell, 'backup', 'Back up now', {}, 'primary')} ${isPaused && resumeButton(shell)}
      </div>
    </section>
    <section data-live="running" id="running">${jobs && runningJobs(shell, jobs)}</section>
    <section class="card" data-live="checks">
      <h2>What a backup needs</h2>
      <ul class="problems checks">
        ${lines.map(checkLine)}
      </ul>
      <p class="muted">
        Also try the alerts, so that somebody hears of a backup that fails:
        <code>gofr-backup doctor --test-alerts</code>
      </p>
    </section>
    ${alertList(shell, alerts)}`;
  return page(shell, '', 'Overview', body);
}

function checkLine({ name, ok, message, hint }: HealthLine): Html {
  return html`<li class="${ok ? 'safe' : 'attention'}">
    ${icon(ok ? 'safe' : 'attention')}
    <div>
      <b>${NAMES[name] ?? name}: ${withCode(message)}</b>
      ${hint && html`<span>${withCode(hint)}</span>`}
    </div>
  </li>`;
}
