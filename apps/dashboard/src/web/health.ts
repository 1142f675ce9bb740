/** /healthz: this process answers. /readyz: what it depends on does, and the data is fresh. */
import { Hono } from 'hono';
import type { Clock } from '@gofr-backup/model';
import type { State } from '../sources/state.ts';
import { type Env, isBearer, type Rights } from './access.ts';

/** Codes of problems that make it not ready; the others are for people. */
const NOT_READY = new Set(['no-good-backup', 'overdue', 'queue-down', 'no-worker']);

/** A probe asks every few seconds; strangers who ask more often get the same answer. */
const HELD = 1000;

/** Open without a login: a stranger learns whether it is ready, the holder of a token also why not. */
export function healthRoutes(observe: () => Promise<State>, rights: Rights, clock: Clock): Hono<Env> {
  const app = new Hono<Env>();
  let held: { until: number; problems: Promise<string[]> } | undefined;
  const problemsNow = () => {
    const now = clock.monotonic();
    if (!held || now >= held.until) held = { until: now + HELD, problems: problemsOf(observe) };
    return held.problems;
  };
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.get('/readyz', async (c) => {
    const problems = await problemsNow();
    const authorization = c.req.header('authorization');
    const mayKnow = isBearer(authorization, rights.token) || isBearer(authorization, rights.metricsToken);
    const ok = problems.length === 0;
    return c.json({ ok, ...(mayKnow && { problems }) }, ok ? 200 : 503);
  });
  return app;
}

async function problemsOf(observe: () => Promise<State>): Promise<string[]> {
  const { safety } = await observe();
  return safety.problems.map(({ code }) => code).filter((code) => NOT_READY.has(code));
}
