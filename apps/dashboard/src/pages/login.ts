import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { csrfField, head, type Shell } from './shell.ts';

const PROBLEMS = {
  wrong: 'That is not the password. After a few wrong ones, each further try takes longer.',
  crowded: 'Too many passwords are being tried from your address. Wait a moment, then try again.',
  stale: 'The form was too old. Please try again.',
} as const;

export type Problem = keyof typeof PROBLEMS;

/** `next`: where to go afterwards, a path of this dashboard. */
export function loginPage(shell: Shell, next: string, problem?: Problem): Html {
  return html`<!doctype html>
    <html lang="en">
      ${head(shell, 'Sign in')}
      <body class="login">
        <main id="main">
          <form class="card" method="post" action="${shell.link('login')}">
            <h1>${icon('archive')} ${shell.project} backups</h1>
            ${csrfField(shell)}
            <input type="hidden" name="next" value="${next}" />
            ${problem && html`<p class="notice danger" role="alert">${PROBLEMS[problem]}</p>`}
            <label for="password">Password</label>
            <input
              id="password"
              name="password"
              type="password"
              autocomplete="current-password"
              required
              autofocus
            />
            <button class="primary">Sign in</button>
          </form>
        </main>
      </body>
    </html>`;
}
