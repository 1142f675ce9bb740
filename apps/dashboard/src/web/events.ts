/** What moves, as server-sent events: running jobs with their progress, and a word when anything else changed. */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { runningJobs } from '../pages/jobs.ts';
import type { CachedCatalogue } from '../sources/catalogue.ts';
import type { Work } from '../sources/work.ts';
import { isOpen, type JobView } from '../view/job.ts';
import { refusal, type Env } from './access.ts';
import type { MakeShell } from './shell.ts';

const EVERY = 1000;
const KEEP_ALIVE = 15_000;
const MOST_LISTENERS = 50;

interface Snapshot {
  jobs: JobView[];
  /** bytes the newest backup read: what a running one is measured by */
  expected: number | undefined;
  /** changes when a page would look different apart from the running jobs */
  version: string;
}

export interface Live {
  /** Calls back at once and after every change, until the returned function is called. */
  listen(heard: (snapshot: Snapshot) => void): () => void;
  listeners(): number;
  stop(): void;
}

/** Asks the queue once a second for all listeners together, and never while there is no listener. */
export function createLive(work: Work, catalogue: CachedCatalogue): Live {
  const all = new Set<(snapshot: Snapshot) => void>();
  let timer: NodeJS.Timeout | undefined;
  let last: Snapshot | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    const jobs = await work.recent();
    const known = await catalogue.read().catch(() => []);
    const done = jobs?.find((job) => !isOpen(job));
    const version = `${catalogue.version()}/${done?.id}/${done?.finishedAt}/${jobs === undefined}`;
    last = { jobs: (jobs ?? []).filter(isOpen), expected: known[0]?.source_bytes, version };
    for (const heard of all) heard(last);
    timer = all.size > 0 && !stopped ? setTimeout(() => void poll(), EVERY) : undefined;
  }

  return {
    listen(heard) {
      all.add(heard);
      if (last) heard(last);
      timer ??= setTimeout(() => void poll(), 0);
      return () => void all.delete(heard);
    },
    listeners: () => all.size,
    stop() {
      stopped = true;
      clearTimeout(timer);
      all.clear();
    },
  };
}

export function eventRoutes(live: Live, shellOf: MakeShell, closing: AbortSignal): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/events', (c) => {
    if (live.listeners() >= MOST_LISTENERS) return c.json(refusal('BUSY', 'Too many listeners.'), 503);
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream) => {
      let running = '';
      let version = '';
      const hear = async (snapshot: Snapshot) => {
        const shown = String(await runningJobs(shellOf(c), snapshot.jobs, snapshot.expected)).trim();
        if (shown !== running) await stream.writeSSE({ event: 'running', data: shown });
        if (version !== '' && version !== snapshot.version)
          await stream.writeSSE({ event: 'changed', data: '' });
        running = shown;
        version = snapshot.version;
      };
      await stream.writeSSE({ event: 'hello', data: '', retry: 5000 });
      const leave = live.listen((snapshot) => void hear(snapshot).catch(() => stream.abort()));
      const alive = setInterval(
        () => void stream.write(': alive\n\n').catch(() => stream.abort()),
        KEEP_ALIVE,
      );
      await new Promise<void>((resolve) => {
        stream.onAbort(resolve);
        closing.addEventListener('abort', () => resolve(), { once: true });
      });
      clearInterval(alive);
      leave();
    });
  });
  return app;
}
