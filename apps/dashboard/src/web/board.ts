/** bull-board under /queues/, with its assets from here and without its web fonts. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import type { BackupQueue } from '@gofr-backup/queue';
import { type Env, isReading, refusal } from './access.ts';

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

export interface BoardOptions {
  /** of the dashboard, without a slash at the end */
  base: string;
  writable: boolean;
  project: string;
}

export function queueBoard(queues: readonly BackupQueue[], { base, writable, project }: BoardOptions): Hono {
  const ui = placeOfUi();
  const adapter = new HonoAdapter(() => staticFiles(join(ui, 'dist/static')));
  adapter.setBasePath(`${base}/queues`);
  createBullBoard({
    queues: queues.map(
      ({ bull }) => new BullMQAdapter(bull, { readOnlyMode: !writable, allowRetries: writable }),
    ),
    serverAdapter: adapter,
    options: {
      uiBasePath: ui,
      uiConfig: { boardTitle: `${project} backups` },
    },
  });
  return adapter.registerPlugin() as unknown as Hono;
}

/** Retry, promote and remove, of one job or of all in a state; bull-board has more, and every version may have others. */
const WRITES =
  /^\/queues\/api\/queues\/[^/]+\/(?:(?:retry|clean)\/[^/]+|promote|[^/]+\/(?:retry|promote|clean))$/;

/** Refuses what DASHBOARD_QUEUES_WRITABLE does not allow, before bull-board sees it. Its forms carry no token of ours. */
export function refuseWrite(c: Context<Env>, writable: boolean): Response | undefined {
  if (isReading(c)) return undefined;
  if (!writable || c.req.method !== 'PUT' || !WRITES.test(c.req.path)) {
    c.header('Allow', 'GET, HEAD');
    return c.json(refusal('DECLINED', 'This cannot be done to the queue from here.'), 405);
  }
  const isFromBrowser = c.req.header('origin') ?? c.req.header('sec-fetch-site');
  if (c.get('bearer') || isFromBrowser) return undefined;
  return c.text('Refused: this request does not say which page it comes from.\n', 403);
}

/** A queue or a job of it, as the board addresses them; anything else becomes its first page. */
export const placeOnBoard = (at = ''): string => (/^queue\/[\w.-]+(\/[\w.:-]+)?$/.test(at) ? at : '');

/**
 * Where a person is who opens the board itself, out of its frame; undefined within the frame. Browsers say so over https
 * and on this host; from others the board comes bare.
 */
export function placeOutsideFrame(c: Context<Env>): string | undefined {
  if (c.req.header('sec-fetch-dest') !== 'document') return undefined;
  return placeOnBoard(c.req.path.replace('/queues/', ''));
}

/** Beside a bundle, else where it is installed. */
function placeOfUi(): string {
  const bundled = fileURLToPath(new URL('./bull-board-ui', import.meta.url));
  if (existsSync(bundled)) return bundled;
  return dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'));
}

function staticFiles(root: string): MiddlewareHandler {
  return async (c) => {
    const asked = normalize(c.req.path.slice(c.req.path.indexOf('/static/') + '/static/'.length));
    const path = join(root, asked);
    if (!path.startsWith(root + sep)) return c.notFound();
    const body = await readFile(path).catch(() => undefined);
    if (!body) return c.notFound();
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    return c.body(new Uint8Array(body), 200, {
      'Content-Type': type,
      'Cache-Control': 'private, max-age=86400',
    });
  };
}

/** Its page links fonts of another host, which the policy blocks anyway: without the link there is no error either. */
export const withoutWebFonts: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.get('content-type')?.startsWith('text/html')) return;
  const page = await c.res.text();
  const { status, headers } = c.res;
  headers.delete('content-length');
  c.res = new Response(page.replace(/<link[^>]*fonts\.[^>]*>/g, ''), { status, headers });
};
