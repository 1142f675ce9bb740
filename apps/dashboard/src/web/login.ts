import { Hono, type Context } from 'hono';
import type { Logger } from '@gofr-backup/model';
import { loginPage } from '../pages/login.ts';
import { addressOf, startSession, type Env, type Rights } from './access.ts';
import type { Lockout } from './lockout.ts';
import type { Sessions } from './session.ts';
import type { MakeShell } from './shell.ts';

interface Parts {
  rights: Rights;
  sessions: Sessions;
  lockout: Lockout;
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
  { rights, sessions, lockout, shellOf, logger }: Parts,
): Promise<Response> {
  if (rights.checkPassword === undefined) return c.redirect(`${rights.base}/`, 303);
  const form = await c.req.parseBody();
  const next = safeNext(form['next'], rights.base);
  const address = addressOf(c, rights.trustProxy);
  const again = async (wrong: boolean, wait: number, status: 400 | 401 | 429) =>
    c.html(await loginPage(shellOf(c), next, { wrong, wait }), status);
  if (!sessions.csrfValid(c.get('session'), form['csrf'])) return again(false, 0, 400);
  const wait = lockout.wait(address);
  if (wait > 0) {
    c.header('Retry-After', String(Math.ceil(wait / 1000)));
    return again(false, wait, 429);
  }
  // A guess is counted before it is judged, so that a hundred guesses at once count as a hundred.
  lockout.failed(address);
  const guess = typeof form['password'] === 'string' ? form['password'].slice(0, 1024) : '';
  if (!(await rights.checkPassword(guess))) {
    logger.warn({ address }, 'wrong dashboard password');
    const now = lockout.wait(address);
    return again(true, now, now > 0 ? 429 : 401);
  }
  lockout.succeeded(address);
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
