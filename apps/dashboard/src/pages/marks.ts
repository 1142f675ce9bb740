/** Small drawings made on the server: bars, the timeline, sparklines. No inline styles, so positions are attributes. */
import { type CatalogueEntry, isFutureTime, type Status } from '@gofr-backup/model';
import { DAYS, type MarkKind, type Timeline } from '../view/timeline.ts';
import { html, type Html, raw } from './html.ts';
import type { Shell } from './shell.ts';

/** A share of 0 to 1 as a bar. */
export function bar(share: number, level: string, label: string): Html {
  const width = Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
  return html`<svg class="bar-meter ${level}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img">
    <title>${label}</title>
    <rect class="track" width="100" height="6" />
    <rect class="fill" width="${width}" height="6" />
  </svg>`;
}

const STATUS_NAMES: Record<MarkKind, string> = {
  good: 'good',
  unverified: 'not verified yet',
  incomplete: 'incomplete',
  corrupt: 'corrupt',
  missed: 'missed',
};

export function statusBadge(status: Status): Html {
  return html`<span class="badge ${status}">${STATUS_NAMES[status]}</span>`;
}

/** Beside the status: what else decides about this backup. */
export function pinMark({ pinned }: CatalogueEntry): Html | '' {
  return pinned ? html`<span class="badge" title="never pruned">pinned</span>` : '';
}
export function futureMark(at: number, now: number): Html | '' {
  return isFutureTime(at, now)
    ? html`<span class="badge unverified" title="counts for nothing until then">in the future</span>`
    : '';
}

const DAY_WIDTH = 3;
const LEFT = 64;
const LANE = 34;
const BAR = 22;

export function timelineChart(timeline: Timeline): Html {
  const width = LEFT + DAYS * DAY_WIDTH + 4;
  const height = timeline.lanes.length * LANE + 22;
  return html`<svg
    class="timeline"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="${timeline.summary}"
  >
    ${timeline.months.map(({ day, label }) => {
      const x = LEFT + day * DAY_WIDTH;
      return html`<line class="grid" x1="${x}" y1="0" x2="${x}" y2="${height - 18}" /><text
          class="month"
          x="${x + 3}"
          y="${height - 5}"
          >${label}</text
        >`;
    })}
    ${timeline.lanes.map(({ tier, marks }, lane) => {
      const top = lane * LANE + 4;
      return html`<text class="lane" x="0" y="${top + BAR / 2 + 4}">${tier}</text>
        <line class="base" x1="${LEFT}" x2="${width}" y1="${top + BAR + 2}" y2="${top + BAR + 2}" />
        ${marks.map((mark) => markShape(mark, top, tier === 'daily' ? 2 : 4))}`;
    })}
  </svg>`;
}

/** Kinds differ in height as well as in colour. */
const HEIGHTS: Record<MarkKind, number> = {
  good: 1,
  unverified: 0.66,
  incomplete: 0.66,
  corrupt: 1,
  missed: 0.4,
};

function markShape(mark: Timeline['lanes'][number]['marks'][number], top: number, width: number): Html {
  const height = BAR * HEIGHTS[mark.kind];
  const x = LEFT + mark.day * DAY_WIDTH;
  const y = (top + BAR - height).toFixed(1);
  return html`<rect class="${mark.kind}" x="${x}" y="${y}" width="${width}" height="${height}"
    ><title>${mark.label}</title></rect
  >`;
}

export function timelineLegend(): Html {
  const kinds = ['good', 'unverified', 'incomplete', 'corrupt', 'missed'] as const;
  return html`<p class="legend" aria-hidden="true">
    ${kinds.map((kind) => html`<span><i class="swatch ${kind}"></i>${STATUS_NAMES[kind]}</span>`)}
  </p>`;
}

/** A line without axes: what the chart shows where no script runs. */
export function sparkline(values: readonly (number | null)[], label: string): Html {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0) || 1;
  const step = values.length > 1 ? 300 / (values.length - 1) : 0;
  const points = values.flatMap((value, i) =>
    value === null ? [] : [`${(i * step).toFixed(1)},${(76 - (value / most) * 70).toFixed(1)}`],
  );
  return html`<svg
    class="spark"
    viewBox="0 0 300 80"
    preserveAspectRatio="none"
    role="img"
    aria-label="${label}"
  >
    <polyline points="${raw(points.join(' '))}" />
  </svg>`;
}

export function pager(
  shell: Shell,
  path: string,
  page: number,
  pages: number,
  query: Record<string, string>,
): Html | '' {
  if (pages <= 1) return '';
  const to = (n: number) => shell.link(`${path}?${new URLSearchParams({ ...query, page: String(n) })}`);
  return html`<nav class="pager" aria-label="Pages of this list">
    ${page > 1 && html`<a rel="prev" href="${to(page - 1)}">Newer</a>`}
    <span>Page ${page} of ${pages}</span>
    ${page < pages && html`<a rel="next" href="${to(page + 1)}">Older</a>`}
  </nav>`;
}
