/* Made by `npm run generate` from apps/dashboard/browser/dashboard.js. */
'use strict';
(() => {
  // packages/model/src/format.ts
  var LOCALE = 'en';
  var SECOND = 1e3;
  var MINUTE = 60 * SECOND;
  var HOUR = 60 * MINUTE;
  var DAY = 24 * HOUR;
  var UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  var digits = (count) =>
    new Intl.NumberFormat(LOCALE, {
      minimumFractionDigits: count,
      maximumFractionDigits: count,
      useGrouping: false,
    });
  var [WHOLE, ONE_DIGIT, TWO_DIGITS] = [digits(0), digits(1), digits(2)];
  function formatSize(bytes) {
    const size = Math.abs(bytes);
    const power = size < 1024 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), UNITS.length - 1);
    const value = bytes / 1024 ** power;
    const number = power === 0 ? WHOLE : Math.abs(value) < 100 ? TWO_DIGITS : ONE_DIGIT;
    return `${number.format(value)} ${UNITS[power]}`;
  }
  var grouped = new Intl.NumberFormat(LOCALE);
  var plural = new Intl.PluralRules(LOCALE);
  function formatDuration(milliseconds) {
    const tenths = Math.round(milliseconds / 100);
    if (milliseconds < 999.5) return `${WHOLE.format(milliseconds)} ms`;
    if (tenths < 600) return `${ONE_DIGIT.format(tenths / 10)} s`;
    const seconds = Math.floor(tenths / 10);
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return twoUnits([minutes, 'min'], [seconds % 60, 's']);
    return twoUnits([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min']);
  }
  var twoUnits = (...parts) =>
    parts.flatMap(([value, unit], at) => (at > 0 && value === 0 ? [] : [`${value} ${unit}`])).join(' ');
  var SPANS = [
    [HOUR, 'minute', MINUTE],
    [2 * DAY, 'hour', HOUR],
    [60 * DAY, 'day', DAY],
    [730 * DAY, 'month', 30.44 * DAY],
    [Infinity, 'year', 365.25 * DAY],
  ];
  function inOneUnit(milliseconds) {
    const span = Math.abs(milliseconds);
    if (!(span >= MINUTE)) return void 0;
    const [, unit, length] = SPANS.find(([below]) => span < below) ?? SPANS.at(-1);
    return [Math.floor(span / length), unit];
  }
  var relative = new Intl.RelativeTimeFormat(LOCALE);
  function formatRelative(at, now) {
    const isToCome = at > now;
    if (Math.abs(at - now) < 45 * SECOND) return isToCome ? 'in a moment' : 'just now';
    const found = inOneUnit(at - now);
    if (found === void 0) return isToCome ? 'in less than a minute' : 'less than a minute ago';
    return relative.format(isToCome ? found[0] : -found[0], found[1]);
  }

  // apps/dashboard/browser/dashboard.js
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
    let refreshing = false;
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
      events.addEventListener('over', () => location.reload());
      events.addEventListener('error', () => {
        if (events.readyState === EventSource.CLOSED) setTimeout(follow, 3e4);
      });
    }
    const formatSeconds = (value) => formatDuration(value * 1e3);
    const POWERS = Array.from({ length: 50 }, (_, i) => 2 ** i);
    const ROUND = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].concat(
      [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3e3, 6e3].map((minutes) => minutes * 60),
    );
    const drawn = [];
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
              tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), source.dataset.timezone),
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
      setTimeout(() => (button.textContent = 'Copy'), 2e3);
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
      setInterval(refreshTimes, 3e4);
      drawCharts();
      scrollToEnd();
      follow();
    });
  })();
})();
