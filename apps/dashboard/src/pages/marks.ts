/** Small drawings made on the server: bars, the timeline, sparklines. No inline styles, so positions are attributes. */
import { type CatalogueEntry, formatSize, isFutureTime, type Status, type Tier } from '@gofr-backup/model';
import type { Growth } from '../view/growth.ts';
import type { MarkKind, Timeline } from '../view/timeline.ts';
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

const WIDTH = 1100;
const LEFT = 64;
const LANE = 34;
const BAR = 22;

const xOf = (day: number, range: number): number => LEFT + (day * WIDTH) / range;

/** Its marks are links, so no script is needed to look closer. */
export function timelineChart(shell: Shell, timeline: Timeline): Html {
  const { range } = timeline;
  const width = LEFT + WIDTH + 4;
  const height = timeline.lanes.length * LANE + 22;
  return html`<svg
    class="timeline"
    viewBox="0 0 ${width} ${height}"
    role="group"
    aria-label="${timeline.summary}"
  >
    ${timeline.months.map(({ day, label }) => {
      const x = xOf(day, range);
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
        ${marks.map((mark) => markShape(shell, mark, { top, range, tier }))}`;
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

function markShape(
  shell: Shell,
  { day, kind, label, filename }: Timeline['lanes'][number]['marks'][number],
  { top, range, tier }: { top: number; range: number; tier: Tier },
): Html {
  const height = BAR * HEIGHTS[kind];
  const width = Math.max(2, Math.min(8, WIDTH / range - (tier === 'daily' ? 1 : -1)));
  const y = (top + BAR - height).toFixed(1);
  const x = xOf(day, range).toFixed(1);
  const to = shell.link(filename === undefined ? 'jobs' : `backups/${encodeURIComponent(filename)}`);
  return html`<a href="${to}" aria-label="${tier} ${label}"
    ><rect class="${kind}" x="${x}" y="${y}" width="${width.toFixed(1)}" height="${height}"
      ><title>${label}</title></rect
    ></a
  >`;
}

export function timelineLegend(withGrowth: boolean): Html {
  const kinds = ['good', 'unverified', 'incomplete', 'corrupt', 'missed'] as const;
  return html`<p class="legend" aria-hidden="true">
    ${kinds.map((kind) => html`<span><i class="swatch ${kind}"></i>${STATUS_NAMES[kind]}</span>`)}
    ${withGrowth && html`<span><i class="swatch line"></i>archive size</span><span><i class="swatch fresh"></i>new data</span>`}
  </p>`;
}

const CHART = 180;

/** The size of each archive as a line, and what was new in it as bars. */
export function growthChart({ points, top, range }: Growth): Html {
  const yOf = (bytes: number) => (8 + CHART * (1 - bytes / top)).toFixed(1);
  const xOfPoint = ({ place }: Growth['points'][number]) => (LEFT + place * WIDTH).toFixed(1);
  const steps = [0, 1, 2, 3, 4].map((step) => (step * top) / 4);
  const width = Math.max(2, Math.min(8, WIDTH / range - 1));
  return html`<svg
    class="growth"
    viewBox="0 0 ${LEFT + WIDTH + 4} ${CHART + 16}"
    role="img"
    aria-label="Archive size and new data over the last ${range} days"
  >
    ${steps.map(
      (bytes) =>
        html`<line
            class="grid"
            x1="${LEFT}"
            x2="${LEFT + WIDTH}"
            y1="${yOf(bytes)}"
            y2="${yOf(bytes)}"
          /><text x="0" y="${Number(yOf(bytes)) + 4}"
            >${bytes === 0 ? '0' : formatSize(bytes).replace(/\.0+(?= )/, '')}</text
          >`,
    )}
    <polyline points="${raw(points.map((point) => `${xOfPoint(point)},${yOf(point.size)}`).join(' '))}" />
    ${points.map(
      (point) =>
        html`<rect
          x="${xOfPoint(point)}"
          y="${yOf(point.written ?? 0)}"
          width="${width.toFixed(1)}"
          height="${(8 + CHART - Number(yOf(point.written ?? 0))).toFixed(1)}"
          ><title>${point.label}</title></rect
        >`,
    )}
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
