/*
 * Everything here is a convenience: without it the pages still say all there is to say. `npm run generate` bundles it into
 * assets/dashboard.js, which is what browsers get.
 */
import { formatDuration, formatRelative, formatSize } from '@gofr-backup/model/format';

(() => {
  const root = document.currentScript.dataset.root;
  const page = document.documentElement;
  page.classList.add('scripted');

  const darkNow = () =>
    page.dataset.theme ? page.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;

  function switchTheme() {
    page.dataset.theme = darkNow() ? 'light' : 'dark';
    document.cookie = `theme=${page.dataset.theme}; path=${root}; max-age=31536000; samesite=strict`;
    drawCharts();
  }

  function refreshTimes() {
    for (const element of document.querySelectorAll('time[data-relative]')) {
      element.textContent = formatRelative(Date.parse(element.dateTime), Date.now());
    }
  }

  /* ---- live parts ---- */

  let refreshing = false;

  /** Takes the page anew and replaces what differs; a part somebody is in stays. */
  async function refresh() {
    if (refreshing) return;
    refreshing = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of document.querySelectorAll('[data-live]')) {
        const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
        if (!next || next.outerHTML === part.outerHTML || part.contains(document.activeElement)) continue;
        part.replaceWith(document.importNode(next, true));
      }
      scrollToEnd();
    } catch {
      // the next event tries again
    } finally {
      refreshing = false;
    }
  }

  function showRunning(html) {
    const place = document.getElementById('running');
    if (!place || place.contains(document.activeElement)) return;
    if (place.dataset.job) return void refresh();
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    place.replaceChildren(...parsed.body.childNodes);
  }

  function follow() {
    if (!document.getElementById('running') && !document.querySelector('[data-live]')) return;
    const events = new EventSource(`${root}events`);
    events.addEventListener('running', (event) => showRunning(event.data));
    events.addEventListener('changed', () => void refresh());
    // the session has ended: what is shown may not be seen any more
    events.addEventListener('over', () => location.reload());
    // refused, as when too many streams are open: nothing is tried again by itself
    events.addEventListener('error', () => {
      if (events.readyState === EventSource.CLOSED) setTimeout(follow, 30000);
    });
  }

  /* ---- charts ---- */

  const formatSeconds = (value) => formatDuration(value * 1000);

  /** steps of a scale of bytes */
  const POWERS = Array.from({ length: 50 }, (_, i) => 2 ** i);

  /** steps of a scale of seconds, so that a mark is no odd number of minutes and seconds */
  const ROUND = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].concat(
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3000, 6000].map((minutes) => minutes * 60),
  );

  const drawn = [];

  /** A colour of the sheet in the theme of the moment: a canvas understands no variables. */
  function color(name) {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(--${name})`;
    const computed = getComputedStyle(probe).color;
    probe.remove();
    return computed;
  }

  function drawCharts() {
    const source = document.getElementById('history');
    if (!source || !window.uPlot) return;
    for (const chart of drawn.splice(0)) chart.destroy();
    const data = JSON.parse(source.textContent);
    for (const place of document.querySelectorAll('[data-chart]')) {
      const format = place.dataset.unit === 'bytes' ? formatSize : formatSeconds;
      place.replaceChildren();
      const axis = {
        stroke: color('muted'),
        grid: { stroke: color('line'), width: 1 },
        ticks: { show: false },
      };
      const caption = place.parentElement.querySelector('figcaption');
      const readout = caption.querySelector('span') ?? caption.appendChild(document.createElement('span'));
      const values = data[place.dataset.chart];
      const show = (index) => {
        const value = values[index ?? values.length - 1];
        readout.textContent = value == null ? '' : format(value);
      };
      show(null);
      drawn.push(
        new uPlot(
          {
            width: place.clientWidth,
            height: 165,
            tzDate: (at) => uPlot.tzDate(new Date(at * 1000), source.dataset.timezone),
            legend: { show: false },
            cursor: { y: false, points: { size: 6 } },
            scales: { y: { range: (_, least, most) => [0, most > 0 ? most * 1.1 : 1] } },
            axes: [
              { ...axis, space: 60, size: 40 },
              {
                ...axis,
                size: 58,
                values: (_, ticks) => ticks.map(format),
                incrs: format === formatSize ? POWERS : ROUND,
              },
            ],
            series: [
              {},
              {
                stroke: color('mark-good'),
                fill: `color-mix(in srgb, ${color('mark-good')} 14%, transparent)`,
                width: 1.6,
                spanGaps: true,
                points: { show: false },
              },
            ],
            hooks: { setCursor: [(chart) => show(chart.cursor.idx)] },
          },
          [data.at, values],
          place,
        ),
      );
    }
  }

  function scrollToEnd() {
    for (const place of document.querySelectorAll('.to-end')) place.scrollLeft = place.scrollWidth;
  }

  /** The text of the command beside the button; selected where the browser lets no script copy. */
  async function onCopy({ target }) {
    const button = target.closest('.copy');
    if (!button) return;
    const code = button.parentElement.querySelector('code');
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Selected';
    }
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  }

  function onKey(event) {
    const typing = event.target.closest('input, select, textarea');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/') {
      const filter = document.getElementById('filter');
      if (filter) filter.focus();
      else location.href = `${root}backups`;
      event.preventDefault();
    }
  }

  document.addEventListener('DOMContentLoaded', () => {
    document.getElementById('theme')?.addEventListener('click', switchTheme);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawCharts);
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', (event) => void onCopy(event));
    let resized;
    addEventListener('resize', () => {
      clearTimeout(resized);
      resized = setTimeout(drawCharts, 150);
    });
    setInterval(refreshTimes, 30000);
    drawCharts();
    scrollToEnd();
    follow();
  });
})();
