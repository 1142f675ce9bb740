/* Everything here is a convenience: without it the pages still say all there is to say. */
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

  const UNITS = [
    ['year', 31557600],
    ['month', 2629800],
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ];

  /** The same words as the server's. */
  function relative(at) {
    const seconds = (at - Date.now()) / 1000;
    const span = Math.abs(seconds);
    if (span < 45) return seconds > 0 ? 'in a moment' : 'just now';
    const [unit, size] =
      span < 2 * 86400 && span >= 86400
        ? UNITS[3]
        : span < 60 * 86400 && span >= 2629800
          ? UNITS[2]
          : (UNITS.find(([, length]) => span >= length) ?? UNITS[4]);
    const count = Math.floor(span / size);
    const text = span < 60 ? 'less than a minute' : `${count} ${unit}${count === 1 ? '' : 's'}`;
    return seconds > 0 ? `in ${text}` : `${text} ago`;
  }

  function refreshTimes() {
    for (const element of document.querySelectorAll('time[data-relative]')) {
      element.textContent = relative(Date.parse(element.dateTime));
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
  }

  /* ---- charts ---- */

  const bytes = (value) => {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (value >= 1024 && unit < 4) {
      value /= 1024;
      unit++;
    }
    return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
  };
  const seconds = (value) =>
    value < 90
      ? `${value.toFixed(value < 10 ? 1 : 0)} s`
      : `${(value / 60).toFixed(value < 600 ? 1 : 0)} min`;

  /** steps of a scale of bytes */
  const POWERS = Array.from({ length: 50 }, (_, i) => 2 ** i);

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
      const format = place.dataset.unit === 'bytes' ? bytes : seconds;
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
                ...(format === bytes && { incrs: POWERS }),
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
