/** Access rights: by session, by bearer token, or none; and whether a request came from a page of this dashboard. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Lockout } from './lockout.ts';
import type { Session, Sessions } from './session.ts';

export interface Rights {
  /** undefined: no password is set, and every process that reaches the loopback port may enter */
  checkPassword: ((guess: string) => Promise<boolean>) | undefined;
  token: string | undefined;
  readOnly: boolean;
  trustProxy: boolean;
  /** path prefix of links and cookies, without a slash at the end */
  base: string;
}

/** What middleware leaves for the handlers. */
export interface Env {
  Variables: { session: Session; bearer: boolean };
}

const COOKIE = 'gofr_backup_session';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

export function addressOf(c: Context, trustProxy: boolean): string {
  const forwarded = trustProxy && c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  if (forwarded) return forwarded;
  try {
    return getConnInfo(c).remote.address ?? 'unknown';
  } catch {
    return 'unknown'; // not from a socket: a request made within the process
  }
}

/** Names the session of a request; a new one when it has none. */
export function withSession(sessions: Sessions, rights: Rights): MiddlewareHandler<Env> {
  return async (c, next) => {
    const known = sessions.read(getCookie(c, COOKIE));
    c.set('session', known ?? startSession(c, sessions, rights, false));
    await next();
  };
}

export function startSession(c: Context, sessions: Sessions, rights: Rights, signedIn: boolean): Session {
  const { session, cookie } = sessions.begin(signedIn);
  const secure = rights.trustProxy && c.req.header('x-forwarded-proto') === 'https';
  const path = `${rights.base}/`;
  setCookie(c, COOKIE, cookie, { httpOnly: true, sameSite: 'Strict', path, secure });
  return session;
}

/** Lets a request pass that may see the dashboard; others are sent to the login, or told 401. */
export function guard(rights: Rights, lockout: Lockout): MiddlewareHandler<Env> {
  return async (c, next) => {
    const authorization = c.req.header('authorization');
    // Another scheme belongs to a proxy's own login and is ignored.
    if (authorization !== undefined && /^bearer\b/i.test(authorization)) {
      const address = addressOf(c, rights.trustProxy);
      if (lockout.wait(address) > 0) return c.json(refusal('LOCKED', 'Too many wrong tokens; wait.'), 429);
      if (!bearerValid(authorization, rights.token)) {
        lockout.failed(address);
        return c.json(refusal('UNAUTHORIZED', 'The bearer token is not the one of DASHBOARD_TOKEN.'), 401);
      }
      c.set('bearer', true);
      return next();
    }
    c.set('bearer', false);
    if (rights.checkPassword === undefined) return foreignHost(c) ?? next();
    if (c.get('session').signedIn) return next();
    if (c.req.method !== 'GET' || !wantsPage(c)) {
      c.header('WWW-Authenticate', 'Bearer realm="gofr-backup"');
      return c.json(refusal('UNAUTHORIZED', 'Sign in, or send the token as `Authorization: Bearer …`.'), 401);
    }
    const wanted = c.req.path + new URL(c.req.url).search;
    return c.redirect(`${rights.base}/login?next=${encodeURIComponent(wanted)}`);
  };
}

/**
 * Without a password, any web page could have its name resolve to 127.0.0.1 and read the answers (DNS rebinding);
 * such a request carries that page's host name.
 */
function foreignHost(c: Context): Response | undefined {
  const host = c.req.header('host') ?? '';
  if (isLoopback(host.replace(/:\d+$/, ''))) return undefined;
  return c.text(
    `Refused: this dashboard has no password, so it answers only under localhost, not as ${JSON.stringify(host)}.\n` +
      'Set DASHBOARD_PASSWORD to use it under another name.\n',
    403,
  );
}

const wantsPage = (c: Context): boolean => c.req.header('accept')?.includes('text/html') ?? false;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function bearerValid(authorization: string, token: string | undefined): boolean {
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  return given !== undefined && token !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Refuses writes that did not come from a page of ours; a bearer token is proof enough, no browser sends it by itself. */
export function sameOrigin({ trustProxy }: Rights): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.get('bearer')) return next();
    const site = c.req.header('sec-fetch-site');
    const origin = c.req.header('origin');
    const forwarded = trustProxy ? c.req.header('x-forwarded-host') : undefined;
    const host = forwarded ?? c.req.header('host');
    const foreign = site ? site !== 'same-origin' && site !== 'none' : origin && !sameHost(origin, host);
    if (foreign) return c.text('Refused: this request came from another site.\n', 403);
    return next();
  };
}

const sameHost = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host;

export const refusal = (code: string, message: string, hint = '') => ({ error: { code, message, hint } });
