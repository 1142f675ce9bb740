/** /healthz: this process answers. /readyz: what it depends on does, and the data is fresh. */
import { Hono } from 'hono';
import type { State } from '../sources/state.ts';

/** Codes of problems that make it not ready; the others are for people. */
const NOT_READY = new Set(['no-good-backup', 'overdue', 'queue-down', 'no-worker']);

/** Open without a login, so the answers hold no names and no sizes. */
export function healthRoutes(observe: () => Promise<State>): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.get('/readyz', async (c) => {
    const { safety } = await observe();
    const wrong = safety.problems.map(({ code }) => code).filter((code) => NOT_READY.has(code));
    return c.json({ ok: wrong.length === 0, problems: wrong }, wrong.length === 0 ? 200 : 503);
  });
  return app;
}
