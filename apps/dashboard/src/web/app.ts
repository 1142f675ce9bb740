/** All routes together: what is open, what needs a login, and how errors are told. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { type Clock, formatSize, type Logger, toBackupError } from '@gofr-backup/model';
import { within } from '@gofr-backup/queue';
import { queuesPage } from '../pages/queues.ts';
import { messagePage } from '../pages/shell.ts';
import type { SettingRow } from '../pages/settings.ts';
import type { Archives } from '../sources/archives.ts';
import type { CachedCatalogue } from '../sources/catalogue.ts';
import type { Queues } from '../sources/link.ts';
import type { Search } from '../sources/search.ts';
import type { Observer } from '../sources/state.ts';
import type { Trash } from '../sources/trash.ts';
import type { Work } from '../sources/work.ts';
import { type Env, guard, refusal, type Rights, sameOrigin, withClient, withSession } from './access.ts';
import { actionRoutes } from './actions.ts';
import type { Assets } from './assets.ts';
import {
  type BoardOptions,
  placeOnBoard,
  placeOutsideFrame,
  queueBoard,
  refuseWrite,
  withoutWebFonts,
} from './board.ts';
import type { ReadClient } from './client.ts';
import { downloadRoutes } from './downloads.ts';
import { createLive, eventRoutes } from './events.ts';
import { createGuesses } from './guesses.ts';
import { securityHeaders } from './headers.ts';
import { guideRoutes } from './guide.ts';
import { healthRoutes } from './health.ts';
import { loginRoutes } from './login.ts';
import { createMetrics } from './metrics.ts';
import { createSessions } from './session.ts';
import { shellMaker, type MakeShell } from './shell.ts';
import { finder, pruning, viewRoutes } from './views.ts';

export interface AppParts {
  project: string;
  rights: Rights;
  readClient: ReadClient;
  queuesWritable: boolean;
  restoreCommand: string;
  /** directories below which the worker may fill a new one */
  restoreRoots: readonly string[];
  settings: readonly { name: string; rows: readonly SettingRow[] }[];
  clock: Clock;
  logger: Logger;
  assets: Assets;
  catalogue: CachedCatalogue;
  archives: Archives;
  search: Search;
  trash(): Promise<Trash>;
  /** REDIS_URL is set */
  hasRedisUrl: boolean;
  work: Work;
  observer: Observer;
  queues(): Queues | undefined;
  /** ends the streams that would keep the server open */
  closing: AbortSignal;
}

const FORM_LIMIT = 64 * 1024;
/** ms that the board waits for a Redis that is connected and silent, because bull-board waits without end */
const BOARD_PATIENCE = 5000;

export function createApp(parts: AppParts): Hono<Env> {
  const { rights, clock, logger, assets, observer, work, archives } = parts;
  const sessions = createSessions(clock);
  // A wrong token slows down no password, and the other way round.
  const [passwords, tokens] = [createGuesses(clock), createGuesses(clock)];
  const shellOf = shellMaker(
    { project: parts.project, rights, timezone: observer.timezone, clock },
    sessions,
    assets,
  );
  const live = createLive(work, parts.catalogue);
  parts.closing.addEventListener('abort', () => live.stop(), { once: true });
  const find = finder(observer);
  const decisions = async () => (await pruning(observer, clock.now())).decisions;

  const app = new Hono<Env>();
  app.use(securityHeaders);
  app.use(bodyLimit({ maxSize: FORM_LIMIT, onError: tooLarge }));
  app.use(withClient(parts.readClient));
  app.route('/', healthRoutes(observer.observe, rights, clock));
  app.use('/assets/*', compress());
  app.get('/assets/:name', (c) => assetResponse(c, assets));
  app.use(withSession(sessions, rights));
  app.use(sameOrigin);
  app.route('/', loginRoutes({ rights, sessions, guesses: passwords, shellOf, logger }));
  app.use(guard(rights, tokens));
  app.post('/logout', async (c) => {
    if (!sessions.csrfValid(c.get('session'), (await c.req.parseBody())['csrf']))
      return c.text('Refused.\n', 403);
    sessions.end(c.get('session'));
    return c.redirect(`${rights.base}/login`, 303);
  });
  app.route('/', metricsRoute(parts));
  app.route('/', eventRoutes({ live, sessions, shellOf, closing: parts.closing }));
  app.route('/', downloadRoutes(find, archives));
  app.use(compress());
  app.route('/', actionRoutes({ ...parts, sessions, requireBackup: find, decisions }));
  app.route('/', viewRoutes({ ...parts, shellOf }));
  app.route('/', guideRoutes({ ...parts, shellOf }));
  app.route('/', boardRoutes(parts, shellOf));
  app.notFound((c) => failure(c, shellOf, 404, { message: 'There is no such page', hint: '' }));
  app.onError((error, c) => tellError(c, shellOf, error, logger));
  return app;
}

/** Before it is read whole. What is left of it is not read either, so the connection ends. */
function tooLarge(c: Context): Response {
  c.header('Connection', 'close');
  return c.json(refusal('USAGE', `A request may have ${formatSize(FORM_LIMIT)}.`), 413);
}

function assetResponse(c: Context, assets: Assets): Response {
  const asset = assets.find(c.req.param('name') ?? '');
  if (!asset) return c.text('There is no such file.\n', 404);
  return c.body(new Uint8Array(asset.body), 200, {
    'Content-Type': asset.type,
    'Cache-Control': 'public, max-age=31536000, immutable',
  });
}

function metricsRoute({ project, observer }: AppParts): Hono<Env> {
  const metrics = createMetrics(project);
  const app = new Hono<Env>();
  app.get('/metrics', async (c) => {
    const text = await metrics.render(await observer.observe());
    return c.body(text, 200, { 'Content-Type': metrics.contentType });
  });
  return app;
}

/** The page around the board at `/queues`, the board itself below it. */
function boardRoutes(parts: AppParts, shellOf: MakeShell): Hono<Env> {
  const { rights, queuesWritable, project, queues } = parts;
  const app = new Hono<Env>();
  const ready = (): Queues | undefined => {
    const current = queues();
    return current?.backup.connection.client.status === 'ready' ? current : undefined;
  };
  const away = (c: Context<Env>) =>
    failure(c, shellOf, 503, {
      ...{ message: 'The queue does not answer', hint: 'Check REDIS_URL and that Redis runs.' },
    });
  app.get('/queues', (c) =>
    ready() ? c.html(queuesPage(shellOf(c), placeOnBoard(c.req.query('at')))) : away(c),
  );
  app.use('/queues/*', withoutWebFonts);
  const writable = queuesWritable && !rights.readOnly;
  const boardOf = boardMaker({ base: rights.base, writable, project });
  app.all('/queues/*', async (c) => {
    const refused = refuseWrite(c, writable);
    if (refused) return refused;
    const place = placeOutsideFrame(c);
    if (place !== undefined) return c.redirect(`${rights.base}/queues?at=${encodeURIComponent(place)}`);
    const current = ready();
    if (!current) return away(c);
    const answer = Promise.resolve(boardOf(current).fetch(c.req.raw));
    return (await within(BOARD_PATIENCE, answer)) ? answer : away(c);
  });
  return app;
}

/** One board for the same queues. */
function boardMaker(options: BoardOptions): (queues: Queues) => Hono {
  let board: { of: Queues; app: Hono } | undefined;
  return (queues) => {
    if (board?.of !== queues) {
      const made = queueBoard([queues.backup, queues.copies], options);
      board = { of: queues, app: new Hono({ strict: false }).route('/queues', made) };
    }
    return board.app;
  };
}

const STATUS: Record<string, 404 | 400 | 503 | 409 | 403> = {
  PERMISSION: 403,
  NO_SUCH_BACKUP: 404,
  NO_SUCH_JOB: 404,
  NO_SUCH_ALERT: 404,
  USAGE: 400,
  REDIS_UNREACHABLE: 503,
  REDIS_REFUSES: 503,
  DISK_FULL: 503,
  BUSY: 409,
};

function tellError(
  c: Context<Env>,
  shellOf: MakeShell,
  thrown: Error,
  logger: Logger,
): Response | Promise<Response> {
  const error = toBackupError(thrown, 'Showing this page');
  const status = STATUS[error.code] ?? 500;
  if (status === 500) logger.error({ err: thrown, path: c.req.path }, 'page failed');
  const text = [error.message, error.why].filter(Boolean).join(': ');
  return failure(c, shellOf, status, { message: text, hint: error.hint, code: error.code });
}

function failure(
  c: Context<Env>,
  shellOf: MakeShell,
  status: 404 | 400 | 503 | 409 | 403 | 500,
  { message, hint, code = 'USAGE' }: { message: string; hint: string; code?: string },
): Response | Promise<Response> {
  const person = c.req.header('accept')?.includes('text/html') && c.get('session') !== undefined;
  if (!person) return c.json(refusal(code, message, hint), status);
  return c.html(
    messagePage(shellOf(c), status === 404 ? 'Page not found' : 'This could not be done', message, hint),
    status,
  );
}
