/*
 * Everything here is a convenience: without it the pages still say all there is to say. `npm run generate` bundles it into
 * assets/dashboard.js, which is what browsers get.
 */
import { formatRelative } from '@gofr-backup/model/format';

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
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', (event) => void onCopy(event));
    setInterval(refreshTimes, 30000);
    scrollToEnd();
    follow();
  });
})();
