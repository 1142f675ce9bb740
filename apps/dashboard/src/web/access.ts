/** Access rights: by session, by bearer token, or none; and whether a request came from a page of this dashboard. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Client, ReadClient } from './client.ts';
import { type Guesses, LONGEST_WAIT } from './guesses.ts';
import type { Session, Sessions } from './session.ts';

export interface Rights {
  /** undefined: no password is set, and every process that reaches the loopback port may enter */
  checkPassword: ((guess: string) => Promise<boolean>) | undefined;
  token: string | undefined;
  /** opens /metrics and nothing else */
  metricsToken: string | undefined;
  readOnly: boolean;
  /** path prefix of links and cookies, without a slash at the end */
  base: string;
}

/** What middleware leaves for the handlers. */
export interface Env {
  Variables: { client: Client; session: Session; bearer: boolean };
}

const COOKIE = 'gofr_backup_session';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

export function withClient(read: ReadClient): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.set('client', read(c));
    await next();
  };
}

/** Names the session of a request; a new one when it has none. */
export function withSession(sessions: Sessions, rights: Rights): MiddlewareHandler<Env> {
  return async (c, next) => {
    const known = sessions.read(getCookie(c, COOKIE));
    c.set('session', known ?? startSession(c, sessions, rights, false));
    await next();
  };
}

export function startSession(
  c: Context<Env>,
  sessions: Sessions,
  rights: Rights,
  signedIn: boolean,
): Session {
  const { session, cookie } = sessions.begin(signedIn);
  const path = `${rights.base}/`;
  setCookie(c, COOKIE, cookie, { httpOnly: true, sameSite: 'Strict', path, secure: c.get('client').isHttps });
  return session;
}

/** Lets a request pass that may see the dashboard; others are sent to the login, or told 401. */
export function guard(rights: Rights, guesses: Guesses): MiddlewareHandler<Env> {
  return async (c, next) => {
    const authorization = bearerOf(c);
    c.set('bearer', authorization !== undefined);
    if (authorization !== undefined) return (await refuseToken(c, authorization, rights, guesses)) ?? next();
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

/** The header that names a token. Another scheme belongs to a proxy's own login and is ignored. */
function bearerOf(c: Context): string | undefined {
  const authorization = c.req.header('authorization');
  return /^bearer\b/i.test(authorization ?? '') ? authorization : undefined;
}

/** Undefined for a right token, which is known at once: nobody's failures hold it up. */
async function refuseToken(
  c: Context<Env>,
  authorization: string,
  { token, metricsToken }: Rights,
  guesses: Guesses,
): Promise<Response | undefined> {
  if (isBearer(authorization, token)) return undefined;
  if (isBearer(authorization, metricsToken)) {
    if (c.req.path === '/metrics' && c.req.method === 'GET') return undefined;
    return c.json(refusal('DECLINED', 'This token opens /metrics and nothing else.'), 403);
  }
  const verdict = await guesses.judge(c.get('client').address, async () => false, c.req.raw.signal);
  if (verdict === 'crowded') {
    c.header('Retry-After', String(LONGEST_WAIT / 1000));
    return c.json(refusal('BUSY', 'Too many tokens of this address wait to be judged.'), 429);
  }
  return c.json(refusal('UNAUTHORIZED', 'The bearer token is not the one of DASHBOARD_TOKEN.'), 401);
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

/** In constant time. */
export function isBearer(authorization: string | undefined, token: string | undefined): boolean {
  const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  return given !== undefined && token !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Refuses writes that did not come from a page of ours; a bearer token is proof enough, no browser sends it by itself. */
export const sameOrigin: MiddlewareHandler<Env> = async (c, next) => {
  if (isReading(c) || bearerOf(c) !== undefined) return next();
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  const foreign = site
    ? site !== 'same-origin' && site !== 'none'
    : origin && !sameHost(origin, c.get('client').host);
  if (foreign) return c.text('Refused: this request came from another site.\n', 403);
  return next();
};

export const isReading = (c: Context): boolean => c.req.method === 'GET' || c.req.method === 'HEAD';

const sameHost = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host;

export const refusal = (code: string, message: string, hint = '') => ({ error: { code, message, hint } });
