/** What moves, as server-sent events: running jobs with their progress, and a word when anything else changed. */
import { Hono, type Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { Html } from '../pages/html.ts';
import { runningJobs } from '../pages/jobs.ts';
import type { CachedCatalogue } from '../sources/catalogue.ts';
import type { Work } from '../sources/work.ts';
import { isOpen, type JobView } from '../view/job.ts';
import { refusal, type Env } from './access.ts';
import { networkOf } from './network.ts';
import type { Sessions } from './session.ts';
import { createShares } from './shares.ts';
import type { MakeShell } from './shell.ts';

const EVERY = 1000;
/** in rounds of a second */
const KEEP_ALIVE = 15;
/** A browser opens six of HTTP/1.1; an open page is one. */
const MOST_OF_A_CLIENT = 8;
const MOST_IN_ALL = 200;

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
  stop(): void;
}

/** Asks the queue once a second for all listeners together, and never while there is no listener. */
export function createLive(work: Work, catalogue: CachedCatalogue): Live {
  const all = new Set<(snapshot: Snapshot) => void>();
  let timer: NodeJS.Timeout | undefined;
  let last: Snapshot | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    const jobs = await work.queued();
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
    stop() {
      stopped = true;
      clearTimeout(timer);
      all.clear();
    },
  };
}

interface Streaming {
  live: Live;
  sessions: Sessions;
  shellOf: MakeShell;
  closing: AbortSignal;
}

export function eventRoutes({ live, sessions, shellOf, closing }: Streaming): Hono<Env> {
  const shares = createShares(MOST_OF_A_CLIENT, MOST_IN_ALL);
  const app = new Hono<Env>();
  app.get('/events', (c) => {
    // has no body, so nothing would end its stream
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    const share = shares.take(clientOf(c));
    if (typeof share === 'string') return refuseStream(c, share);
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream) => {
      try {
        await stream.writeSSE({ event: 'hello', data: '', retry: 5000 });
        const leave = live.listen(
          hearer(stream, (snapshot) => runningJobs(shellOf(c), snapshot.jobs, snapshot.expected)),
        );
        await untilOver(stream, closing, () => sessions.isOpen(c.get('session'))).finally(leave);
      } finally {
        share.release();
      }
    });
  });
  return app;
}

/** Whoever has signed in is counted by the session, because many people may share an address. */
function clientOf(c: Context<Env>): string {
  const { signedIn, id } = c.get('session');
  return signedIn ? id : networkOf(c.get('client').address);
}

function refuseStream(c: Context<Env>, full: 'client' | 'all'): Response {
  c.header('Retry-After', '30');
  if (full === 'client')
    return c.json(refusal('BUSY', 'Too many live streams of this client are open.'), 429);
  return c.json(refusal('BUSY', 'Too many live streams are open.'), 503);
}

function hearer(stream: SSEStreamingApi, render: (snapshot: Snapshot) => Html): (snapshot: Snapshot) => void {
  let running = '';
  let version = '';
  const hear = async (snapshot: Snapshot) => {
    const shown = String(await render(snapshot)).trim();
    if (shown !== running) await stream.writeSSE({ event: 'running', data: shown });
    if (version !== '' && version !== snapshot.version) await stream.writeSSE({ event: 'changed', data: '' });
    running = shown;
    version = snapshot.version;
  };
  let isWriting = false;
  return (snapshot) => {
    // nothing is piled up for a client that does not read
    if (isWriting) return;
    isWriting = true;
    void hear(snapshot)
      .catch(() => stream.abort())
      .finally(() => (isWriting = false));
  };
}

/** Ends with the client, with this process, and with the session: a stream outlives no right to see it. */
async function untilOver(
  stream: SSEStreamingApi,
  closing: AbortSignal,
  isAllowed: () => boolean,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  let rounds = 0;
  const round = async () => {
    if (isAllowed()) return ++rounds % KEEP_ALIVE === 0 && stream.write(': alive\n\n');
    // a client that does not read this must not hold the stream
    over.resolve();
    return stream.writeSSE({ event: 'over', data: '' });
  };
  const timer = setInterval(() => void round().catch(() => stream.abort()), EVERY);
  stream.onAbort(() => over.resolve());
  closing.addEventListener('abort', () => over.resolve(), { once: true });
  await over.promise;
  clearInterval(timer);
}
