/** Jobs: those running with their progress, the recent ones, and the log of one. */
import type { SafetyProblem } from '@gofr-backup/core';
import { formatCount, formatDuration, formatSize, type ProgressEvent } from '@gofr-backup/model';
import { outcomeText } from '../view/outcome.ts';
import { describeJob, isOpen, progressShare, startedBy, type JobView } from '../view/job.ts';
import { html, type Html, raw } from './html.ts';
import { problemList } from './problems.ts';
import { actionButton, page, type Shell, time } from './shell.ts';

interface JobsView {
  jobs: readonly JobView[] | undefined;
  past: readonly JobView[];
  /** why jobs do not begin */
  problems: readonly SafetyProblem[];
}

/** `jobs`: undefined when the queue does not answer; then what is remembered is shown. */
export function jobsPage(shell: Shell, { jobs, past, problems }: JobsView, expected?: number): Html {
  const body = html`<h1>Jobs</h1>
    ${problemList(shell, problems)}
    <section data-live="running" id="running">${jobs && runningJobs(shell, jobs, expected)}</section>
    <section class="card" data-live="jobs">
      ${!jobs && html`<p class="empty">The queue does not answer: these have ended before.</p>`}
      ${jobTable(shell, jobs ?? past)}
    </section>`;
  return page(shell, 'jobs', 'Jobs', body);
}

/** Also sent alone by the live stream, as it changes. */
export function runningJobs(shell: Shell, jobs: readonly JobView[], expected?: number): Html {
  return html`${jobs.filter(isOpen).map((job) => runningJob(shell, job, expected))}`;
}

export function runningJob(shell: Shell, job: JobView, expected?: number): Html {
  const { progress } = job;
  const share = progress && progressShare(progress, expected);
  const state = job.state === 'active' ? (progress?.phase ?? 'starting') : job.state;
  return html`<article class="card running">
    <div class="heading">
      <h2>
        <span class="pulse" aria-hidden="true"></span>
        <a href="${jobLink(shell, job.id)}">${describeJob(job)}</a>
      </h2>
      ${actionButton(shell, 'cancel', 'Cancel', { job: job.id }, 'quiet')}
    </div>
    ${
      share === undefined
        ? html`<progress aria-label="Progress"></progress>`
        : html`<progress aria-label="Progress" max="100" value="${Math.round(share * 100)}"></progress>`
    }
    <p class="detail">
      <b>${state}</b>
      ${
        progress &&
        html`· ${formatSize(progress.bytes)}${wholeOf(progress)} · ${formatCount(progress.files, 'file')}`
      }
      ${job.startedAt !== undefined && html`· began ${time(shell, job.startedAt, 'relative')}`}
      ${job.attempts > 1 && html`· attempt ${job.attempts}`}
    </p>
  </article>`;
}

const wholeOf = ({ totalBytes, estimatedBytes }: ProgressEvent): string =>
  totalBytes ? ` of ${formatSize(totalBytes)}` : estimatedBytes ? ` of ~${formatSize(estimatedBytes)}` : '';

const jobLink = (shell: Shell, id: string): string => shell.link(`jobs/${encodeURIComponent(id)}`);

const STATE_BADGES: Record<JobView['state'], string> = {
  active: 'unverified',
  waiting: 'missed',
  delayed: 'missed',
  completed: 'good',
  failed: 'corrupt',
};

const stateBadge = ({ state }: JobView): Html =>
  html`<span class="badge ${STATE_BADGES[state]}">${state}</span>`;

export function jobTable(shell: Shell, jobs: readonly JobView[]): Html {
  if (jobs.length === 0) return html`<p class="empty">No job has run yet.</p>`;
  return html`<table>
    <thead>
      <tr>
        <th>Job</th>
        <th>State</th>
        <th class="wide">Queued</th>
        <th class="number wide">Duration</th>
      </tr>
    </thead>
    <tbody>
      ${jobs.map((job) => jobRow(shell, job))}
    </tbody>
  </table>`;
}

function jobRow(shell: Shell, job: JobView): Html {
  return html`<tr>
    <td class="name">
      <a href="${jobLink(shell, job.id)}">${describeJob(job)}</a>
      ${job.failure && html`<span class="danger-text clamp">${job.failure}</span>`}
      <span class="narrow">${time(shell, job.askedAt, 'near')}</span>
    </td>
    <td>${stateBadge(job)}</td>
    <td class="wide">
      ${time(shell, job.askedAt, 'near')}${(job.trigger ?? job.by) && html` <span class="muted">${startedBy(job.trigger, job.by)}</span>`}
    </td>
    <td class="number wide">${took(job)}</td>
  </tr>`;
}

function took({ startedAt, finishedAt }: JobView): string {
  return startedAt === undefined || finishedAt === undefined ? '–' : formatDuration(finishedAt - startedAt);
}

export function jobPage(shell: Shell, job: JobView, log: readonly string[], expected?: number): Html {
  const body = html`<h1>${describeJob(job)}</h1>
    <section data-live="running" id="running" data-job="${job.id}">
      ${isOpen(job) && runningJob(shell, job, expected)}
    </section>
    <section class="card" data-live="job">
      <dl class="facts">
        <div>
          <dt>State</dt>
          <dd>${stateBadge(job)}</dd>
        </div>
        <div>
          <dt>Job</dt>
          <dd><code>${job.id}</code></dd>
        </div>
        <div>
          <dt>Queued</dt>
          <dd>${time(shell, job.askedAt, 'full')}</dd>
        </div>
        <div>
          <dt>Started by</dt>
          <dd>${startedBy(job.trigger, job.by)}</dd>
        </div>
        ${
          job.startedAt !== undefined &&
          html`<div>
            <dt>Began</dt>
            <dd>${time(shell, job.startedAt, 'full')}</dd>
          </div>`
        }
        ${
          job.finishedAt !== undefined &&
          html`<div>
            <dt>Duration</dt>
            <dd>${took(job)}</dd>
          </div>`
        }
        <div>
          <dt>Attempts</dt>
          <dd>${job.attempts}</dd>
        </div>
      </dl>
      ${job.state === 'completed' && outcomeLine(job)}
      ${job.failure && html`<pre class="failure" tabindex="0">${job.failure}</pre>`}
    </section>
    <details class="card" data-live="log" ${job.state === 'failed' ? raw('open') : ''}>
      <summary>Log</summary>
      ${
        log.length === 0
          ? html`<p class="empty">There is no log of it.</p>`
          : html`<pre class="log" tabindex="0">${log.join('\n')}</pre>`
      }
    </details>
    ${result(job)}`;
  return page(shell, 'jobs', describeJob(job), body);
}

function outcomeLine(job: JobView): Html | '' {
  const text = outcomeText(job);
  return text && html`<p class="outcome">${text}</p>`;
}

function result({ result: answer }: JobView): Html | '' {
  if (answer === undefined || answer === null) return '';
  return html`<section class="card">
    <details>
      <summary>Result</summary>
      <pre class="log" tabindex="0">${JSON.stringify(answer, null, 2).slice(0, 50_000)}</pre>
    </details>
  </section>`;
}
