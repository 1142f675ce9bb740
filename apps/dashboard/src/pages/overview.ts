/** The first page: is my data safe, since when, until when, what is wrong, what happens next. */
import { formatSize, formatSpan, DAY, type OpenAlert } from '@gofr-backup/model';
import type { Disk, Forecast } from '@gofr-backup/core';
import type { Growth } from '../view/growth.ts';
import type { JobView } from '../view/job.ts';
import type { Safety } from '@gofr-backup/core';
import type { Survey } from '@gofr-backup/core';
import { joinTwins } from '../view/listing.ts';
import { type Range, RANGES, type Timeline } from '../view/timeline.ts';
import { alertList } from './alerts.ts';
import { backupTable } from './backups.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { jobTable, runningJobs } from './jobs.ts';
import { bar, growthChart, timelineChart, timelineLegend } from './marks.ts';
import { problemList } from './problems.ts';
import { actionButton, page, type Shell, time } from './shell.ts';

export interface Overview {
  safety: Safety;
  survey: Survey;
  maxAge: number;
  nextRun: number | undefined;
  schedule: string;
  disk: (Disk & { forecast: Forecast }) | undefined;
  timeline: Timeline;
  growth: Growth;
  alerts: readonly OpenAlert[];
  /** undefined: the queue does not answer */
  jobs: readonly JobView[] | undefined;
}

export function overviewPage(shell: Shell, view: Overview): Html {
  const body = html`${hero(shell, view.safety)}
    <section class="tiles" data-live="tiles" aria-label="At a glance">
      ${newestTile(shell, view)} ${drillTile(shell, view)} ${nextTile(shell, view)} ${diskTile(view)}
    </section>
    ${problemList(shell, view.safety.problems)} ${alertList(shell, view.alerts)}
    <section data-live="running" id="running">
      ${view.jobs && runningJobs(shell, view.jobs, view.survey.newest?.entry.source_bytes)}
    </section>
    ${timelineSection(shell, view)}
    <section class="card" data-live="recent">
      <div class="heading">
        <h2>Newest backups</h2>
        <a href="${shell.link('backups')}">All ${view.survey.all.length}</a>
      </div>
      ${backupTable(shell, joinTwins(view.survey.all.slice(0, 24)).slice(0, 8))}
    </section>
    <section class="card" data-live="jobs">
      <div class="heading">
        <h2>Recent jobs</h2>
        <a href="${shell.link('jobs')}">All jobs</a>
      </div>
      ${view.jobs ? jobTable(shell, view.jobs.slice(0, 6)) : html`<p class="muted">The queue does not answer.</p>`}
    </section>`;
  return page(shell, '', 'Overview', body);
}

function hero(shell: Shell, safety: Safety): Html {
  return html`<section class="hero ${safety.level}" data-live="hero" aria-labelledby="state">
    ${icon(safety.level)}
    <div>
      <h1 id="state">${safety.headline}</h1>
      <p>${safety.sentence}</p>
    </div>
    <div class="actions">
      ${actionButton(shell, 'backup', 'Back up now', {}, 'primary')}
      ${safety.newestGood && actionButton(shell, 'drill', 'Run a restore drill', { backup: 'latest' })}
    </div>
  </section>`;
}

function tile(title: string, value: Html | string, detail: Html | string, extra: Html | '' = ''): Html {
  return html`<div class="card tile">
    <h2>${title}</h2>
    <p class="value">${value}</p>
    ${extra}
    <p class="detail">${detail}</p>
  </div>`;
}

function newestTile(shell: Shell, { safety, maxAge }: Overview): Html {
  const title = 'Newest verified backup';
  const { newestGood, goodUntil } = safety;
  if (!newestGood || goodUntil === undefined)
    return tile(title, 'none', 'Nothing can be restored with certainty.');
  const share = (shell.now - newestGood.at) / maxAge;
  const level = share > 1 ? 'danger' : share > 0.95 ? 'attention' : 'safe';
  const label = `${Math.round(share * 100)} % of the allowed age`;
  const detail = html`${time(shell, newestGood.at, 'near')}; ${share > 1 ? 'was fresh until' : 'fresh until'}
  ${time(shell, goodUntil, 'near')} (limit ${formatSpan(maxAge)})`;
  return tile(title, time(shell, newestGood.at, 'relative'), detail, bar(share, level, label));
}

function drillTile(shell: Shell, { survey }: Overview): Html {
  const title = 'Last restore drill';
  const drill = survey.lastDrill;
  if (!drill)
    return tile(
      title,
      'never',
      'A drill restores a backup into a scratch directory and compares every file.',
    );
  const detail = html`${drill.ok ? 'Passed' : html`<b class="danger-text">Failed</b>`} with
    <a href="${shell.link(`backups/${encodeURIComponent(drill.entry.filename)}`)}"
      >${drill.entry.tier} of ${drill.entry.timestamp.slice(0, 10)}</a
    >`;
  return tile(title, time(shell, drill.at, 'relative'), detail);
}

/** In a word, and why. */
function noNextRun({ problems }: Safety): [string, string] {
  const has = (code: string): boolean => problems.some((problem) => problem.code === code);
  if (has('disabled')) return ['none', 'Scheduled backups are switched off.'];
  return has('queue-down') ? ['unknown', 'The queue does not answer.'] : ['none', 'No scheduler runs.'];
}

function nextTile(shell: Shell, { nextRun, schedule, safety }: Overview): Html {
  if (nextRun === undefined) return tile('Next backup', ...noNextRun(safety));
  const detail = html`${time(shell, nextRun, 'near')} (<code>${schedule}</code>, ${shell.timezone})`;
  return tile('Next backup', time(shell, nextRun, 'relative'), detail);
}

function diskTile({ disk, survey }: Overview): Html {
  if (!disk) return tile('Backup disk', 'unknown', 'The file system does not tell.');
  const { usedShare, daysLeft } = disk.forecast;
  const level = usedShare > 0.97 ? 'danger' : usedShare > 0.9 || (daysLeft ?? 99) < 14 ? 'attention' : 'safe';
  const until =
    daysLeft === undefined
      ? 'not filling up'
      : daysLeft > 730
        ? 'full in years'
        : `full in ${formatSpan(daysLeft * DAY)}`;
  const percent = Math.round(usedShare * 100);
  const detail = `${percent} % of ${formatSize(disk.total)} used, ${formatSize(survey.bytes)} in backups; ${until}`;
  return tile(
    'Backup disk',
    `${formatSize(disk.free)} free`,
    detail,
    bar(usedShare, level, `${percent} % used`),
  );
}

function timelineSection(shell: Shell, { timeline, growth }: Overview): Html {
  return html`<section class="card" data-live="timeline">
    <div class="heading">
      <h2>Backups of the last ${timeline.range} days</h2>
      ${rangeLinks(shell, timeline.range)}
    </div>
    <div class="scroll to-end" tabindex="0" role="region" aria-label="Timeline, scrolls sideways">
      ${timelineChart(shell, timeline)} ${growth.points.length > 1 && growthChart(growth)}
    </div>
    ${timelineLegend(growth.points.length > 1)}
  </section>`;
}

const rangeLinks = (shell: Shell, range: Range): Html =>
  html`<nav class="links" aria-label="Range">
    ${RANGES.map((days) =>
      days === range
        ? html`<b aria-current="true">${days} days</b>`
        : html`<a href="${shell.link(`?range=${days}`)}">${days} days</a>`,
    )}
  </nav>`;
