/** Gathers what the restore guide shows for what it was told so far. */
import { Hono, type Context } from 'hono';
import { BackupError } from '@gofr-backup/model';
import type { Guide } from '../pages/guide-parts.ts';
import { restorePage } from '../pages/restore.ts';
import type { Search } from '../sources/search.ts';
import type { Observer } from '../sources/state.ts';
import type { Work } from '../sources/work.ts';
import { type Asked, askedOf } from '../view/guide.ts';
import { pageOf } from '../view/listing.ts';
import { momentsOf, momentsOfAll } from '../view/moments.ts';
import type { Env } from './access.ts';
import type { MakeShell } from './shell.ts';
import { noSuchBackup } from './views.ts';

export interface Guiding {
  shellOf: MakeShell;
  observer: Observer;
  work: Work;
  search: Search;
  restoreCommand: string;
  restoreRoots: readonly string[];
}

const MOMENTS_A_PAGE = 30;

export function guideRoutes(guiding: Guiding): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/restore', (c) => guide(c, guiding));
  return app;
}

async function guide(c: Context<Env>, guiding: Guiding): Promise<Response> {
  const { shellOf, observer, work, search, restoreCommand, restoreRoots: roots } = guiding;
  const asked = askedOf(c.req.query());
  const { signal } = c.req.raw;
  const survey = await observer.survey();
  const chosen = survey.all.find(({ entry }) => entry.filename === asked.backup);
  if (asked.backup !== undefined && !chosen) throw noSuchBackup(asked.backup);
  const when = { all: survey.all, timezone: observer.timezone, now: shellOf(c).now };
  const view: Guide = {
    ...{ asked, restoreCommand, roots },
    ...(chosen && { chosen }),
    ...(survey.newestGood && { newest: survey.newestGood }),
    ...(asked.what === undefined && asked.text && { found: await search.find(asked.text, signal) }),
    ...(asked.preview && { preview: (await work.find(asked.preview).catch(() => undefined)) ?? null }),
    ...(await momentsFor(asked, search, signal, when, chosen !== undefined)),
  };
  return c.html(restorePage(shellOf(c), view));
}

async function momentsFor(
  { what, path = '', page = 1 }: Asked,
  search: Search,
  signal: AbortSignal,
  when: Parameters<typeof momentsOfAll>[0],
  isChosen: boolean,
): Promise<Pick<Guide, 'moments' | 'looked'>> {
  if (what === undefined) return {};
  const paged = (rows: ReturnType<typeof momentsOfAll>) => pageOf(rows, page, MOMENTS_A_PAGE);
  // what was chosen is shown in their place
  if (isChosen) return { moments: paged([]) };
  if (what === 'all') return { moments: paged(momentsOfAll(when)) };
  try {
    const found = await search.states(path, signal);
    return { moments: paged(momentsOf(found, when)), looked: found };
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'NO_SUCH_BACKUP')) throw error;
    return { moments: 'No backup holds it.' };
  }
}
