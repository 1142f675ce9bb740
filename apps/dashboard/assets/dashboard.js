/* Made by `npm run generate` from apps/dashboard/browser/dashboard.js. */
'use strict';
(() => {
  // packages/model/src/format.ts
  var LOCALE = 'en';
  var SECOND = 1e3;
  var MINUTE = 60 * SECOND;
  var HOUR = 60 * MINUTE;
  var DAY = 24 * HOUR;
  function once(make) {
    let made;
    return () => (made ??= make());
  }
  var digits = (count) =>
    once(
      () =>
        new Intl.NumberFormat(LOCALE, {
          minimumFractionDigits: count,
          maximumFractionDigits: count,
          useGrouping: false,
        }),
    );
  var [whole, oneDigit, twoDigits] = [digits(0), digits(1), digits(2)];
  var grouped = once(() => new Intl.NumberFormat(LOCALE));
  var plural = once(() => new Intl.PluralRules(LOCALE));
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
  var relative = once(() => new Intl.RelativeTimeFormat(LOCALE));
  function formatRelative(at, now) {
    const isToCome = at > now;
    if (Math.abs(at - now) < 45 * SECOND) return isToCome ? 'in a moment' : 'just now';
    const found = inOneUnit(at - now);
    if (found === void 0) return isToCome ? 'in less than a minute' : 'less than a minute ago';
    return relative().format(isToCome ? found[0] : -found[0], found[1]);
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
      document.addEventListener('keydown', onKey);
      document.addEventListener('click', (event) => void onCopy(event));
      setInterval(refreshTimes, 3e4);
      scrollToEnd();
      follow();
    });
  })();
})();
