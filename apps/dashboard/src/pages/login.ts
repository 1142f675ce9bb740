import { formatCount, formatSpan } from '@gofr-backup/model';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { csrfField, head, type Shell } from './shell.ts';

/** `next`: where to go afterwards, a path of this dashboard. `wait`: milliseconds an address is locked out for. */
export function loginPage(shell: Shell, next: string, problem?: { wrong: boolean; wait: number }): Html {
  const locked = (problem?.wait ?? 0) > 0;
  return html`<!doctype html>
    <html lang="en">
      ${head(shell, 'Sign in')}
      <body class="login">
        <main id="main">
          <form class="card" method="post" action="${shell.link('login')}">
            <h1>${icon('archive')} ${shell.project} backups</h1>
            ${csrfField(shell)}
            <input type="hidden" name="next" value="${next}" />
            ${problem && html`<p class="notice danger" role="alert">${reason(problem)}</p>`}
            <label for="password">Password</label>
            <input
              id="password"
              name="password"
              type="password"
              autocomplete="current-password"
              required
              autofocus
            />
            <button class="primary" ${locked && 'disabled'}>Sign in</button>
          </form>
        </main>
      </body>
    </html>`;
}

function reason({ wrong, wait }: { wrong: boolean; wait: number }): string {
  const again = wait < 60_000 ? formatCount(Math.ceil(wait / 1000), 'second') : formatSpan(wait + 59_000);
  if (wait > 0) return `Too many wrong passwords. Try again in ${again}.`;
  return wrong ? 'That is not the password.' : 'The form was too old. Please try again.';
}
