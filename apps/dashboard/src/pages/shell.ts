/** The frame around every page. */
import { formatRelative, formatNear, formatTime } from '@gofr-backup/model';
import { VERSION_TEXT } from '@gofr-backup/model/version';
import { html, type Html, raw } from './html.ts';
import { icon } from './icons.ts';

/** What every page knows of the request it answers. */
export interface Shell {
  project: string;
  /** an address of this dashboard from a path relative to its root */
  link(path: string): string;
  asset(name: string): string;
  csrf: string;
  /** nothing can be started: set so, or asked for without the right to */
  readOnly: boolean;
  /** a password is configured, so there is something to sign out of */
  canSignOut: boolean;
  theme: 'light' | 'dark' | undefined;
  now: number;
  timezone: string;
  /** shown once, after an action */
  notice?: { level: 'safe' | 'attention' | 'danger'; text: string };
}

const NAV = [
  ['', 'Overview'],
  ['backups', 'Backups'],
  ['restore', 'Restore'],
  ['prune', 'Pruning'],
  ['jobs', 'Jobs'],
  ['queues', 'Queues'],
  ['settings', 'Settings'],
] as const;

export function page(shell: Shell, path: string, title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en" ${shell.theme ? raw(`data-theme="${shell.theme}"`) : ''}>
      ${head(shell, title)}
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <div class="bar">
            <a class="brand" href="${shell.link('')}"
              >${icon('archive')}<span>gofr-backup</span> <b>${shell.project}</b></a
            >
            <nav aria-label="Pages">
              ${NAV.map(
                ([to, name]) =>
                  html`<a href="${shell.link(to)}" ${to === path ? raw('aria-current="page"') : ''}
                    >${name}</a
                  >`,
              )}
            </nav>
            <div class="tools">
              <button type="button" class="quiet js" id="theme" aria-label="Switch between light and dark">
                ${icon('theme')}
              </button>
              ${shell.canSignOut && signOut(shell)}
            </div>
          </div>
        </header>
        <main id="main">${shell.notice && notice(shell.notice)} ${body}</main>
        <footer>
          Times are ${shell.timezone}. Loaded ${time(shell, shell.now, 'full')}. gofr-backup ${VERSION_TEXT}.
        </footer>
      </body>
    </html>`;
}

export function head(shell: Shell, title: string): Html {
  return html`<head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="robots" content="noindex" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · ${shell.project} backups</title>
    <link rel="icon" href="${shell.asset('icon.svg')}" type="image/svg+xml" />
    <link rel="stylesheet" href="${shell.asset('dashboard.css')}" />
    <script src="${shell.asset('dashboard.js')}" data-root="${shell.link('')}" defer></script>
  </head>`;
}

function signOut(shell: Shell): Html {
  return html`<form method="post" action="${shell.link('logout')}">
    ${csrfField(shell)}<button class="quiet">Sign out</button>
  </form>`;
}

function notice({ level, text }: NonNullable<Shell['notice']>): Html {
  return html`<p class="notice ${level}" role="status">${text}</p>`;
}

export function csrfField(shell: Shell): Html {
  return html`<input type="hidden" name="csrf" value="${shell.csrf}" />`;
}

/** A button that asks for an operation; absent in read-only mode. */
export function actionButton(
  shell: Shell,
  action: string,
  label: string,
  fields: Record<string, string> = {},
  style = '',
): Html | '' {
  if (shell.readOnly) return '';
  return html`<form method="post" action="${shell.link(`actions/${action}`)}">
    ${csrfField(shell)}
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button class="${style}">${label}</button>
  </form>`;
}

/** An instant; the script keeps relative ones current. */
export function time(shell: Shell, at: number, style: 'relative' | 'full' | 'near'): Html {
  if (!Number.isFinite(at)) return html`<span>unknown</span>`;
  const iso = new Date(at).toISOString();
  if (style === 'relative') {
    return html`<time datetime="${iso}" data-relative title="${formatTime(at, shell.timezone)}"
      >${formatRelative(at, shell.now)}</time
    >`;
  }
  const text = style === 'near' ? formatNear(at, shell.now, shell.timezone) : formatTime(at, shell.timezone);
  return html`<time datetime="${iso}" title="${formatTime(at, shell.timezone)}">${text}</time>`;
}

/** A plain page for an error or a refusal. */
export function messagePage(shell: Shell, title: string, text: string, hint = ''): Html {
  const body = html`<section class="card message">
    <h1>${title}</h1>
    <p>${text}</p>
    ${hint && html`<p class="muted">${hint}</p>`}
    <p><a href="${shell.link('')}">Back to the overview</a></p>
  </section>`;
  return page(shell, '-', title, body);
}
