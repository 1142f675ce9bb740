import { Hono, type Context } from 'hono';
import type { Logger } from '@gofr-backup/model';
import { loginPage, type Problem } from '../pages/login.ts';
import { startSession, type Env, type Rights } from './access.ts';
import { type Guesses, LONGEST_WAIT } from './guesses.ts';
import type { Sessions } from './session.ts';
import type { MakeShell } from './shell.ts';

interface Parts {
  rights: Rights;
  sessions: Sessions;
  guesses: Guesses;
  shellOf: MakeShell;
  logger: Logger;
}

export function loginRoutes(parts: Parts): Hono<Env> {
  const { rights, shellOf } = parts;
  const app = new Hono<Env>();
  app.get('/login', (c) => {
    if (rights.checkPassword === undefined || c.get('session').signedIn) return c.redirect(`${rights.base}/`);
    return c.html(loginPage(shellOf(c), safeNext(c.req.query('next'), rights.base)));
  });
  app.post('/login', (c) => signIn(c, parts));
  return app;
}

async function signIn(
  c: Context<Env>,
  { rights, sessions, guesses, shellOf, logger }: Parts,
): Promise<Response> {
  const { checkPassword } = rights;
  if (checkPassword === undefined) return c.redirect(`${rights.base}/`, 303);
  const form = await c.req.parseBody();
  const next = safeNext(form['next'], rights.base);
  const { address } = c.get('client');
  const again = async (problem: Problem, status: 400 | 401 | 429) =>
    c.html(await loginPage(shellOf(c), next, problem), status);
  if (!sessions.csrfValid(c.get('session'), form['csrf'])) return again('stale', 400);
  const guess = typeof form['password'] === 'string' ? form['password'].slice(0, 1024) : '';
  const verdict = await guesses.judge(address, () => checkPassword(guess), c.req.raw.signal);
  if (verdict === 'crowded') {
    c.header('Retry-After', String(LONGEST_WAIT / 1000));
    return again('crowded', 429);
  }
  if (verdict === 'wrong') {
    logger.warn({ address }, 'wrong dashboard password');
    return again('wrong', 401);
  }
  logger.info({ address }, 'signed in to the dashboard');
  sessions.end(c.get('session'));
  startSession(c, sessions, rights, true);
  return c.redirect(next, 303);
}

/** Only a path of this dashboard; everything else, also `//elsewhere`, becomes its first page. */
export function safeNext(wanted: unknown, base: string): string {
  const home = `${base}/`;
  if (typeof wanted !== 'string' || !wanted.startsWith('/') || /[\\\s]|^\/\//.test(wanted)) return home;
  const path = wanted.startsWith(home) ? wanted : base + wanted;
  return path.startsWith(`${base}/login`) ? home : path;
}
