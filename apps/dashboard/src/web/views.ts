/** The pages: each gathers what it shows and hands it to its template. */
import { Hono, type Context } from 'hono';
import { copiesOf, type Dated, planPrune, pruneHold, stateDirOf } from '@gofr-backup/core';
import { BackupError, type CatalogueEntry, type PruneDecision } from '@gofr-backup/model';
import { backupPage } from '../pages/backup.ts';
import { backupsPage } from '../pages/backups.ts';
import { firstRunPage } from '../pages/first-run.ts';
import { jobPage, jobsPage } from '../pages/jobs.ts';
import { overviewPage } from '../pages/overview.ts';
import { prunePage } from '../pages/prune.ts';
import { settingsPage, type SettingRow } from '../pages/settings.ts';
import type { Archives } from '../sources/archives.ts';
import type { Observer } from '../sources/state.ts';
import type { Trash } from '../sources/trash.ts';
import type { Work } from '../sources/work.ts';
import { checklist } from '../view/checklist.ts';
import { growth } from '../view/growth.ts';
import { filterFrom, isTwin, joinTwins, matching, pageOf } from '../view/listing.ts';
import { rangeOf, timeline } from '../view/timeline.ts';
import type { Env } from './access.ts';
import { fingerprint } from './actions.ts';
import { pathFrom } from './downloads.ts';
import type { MakeShell } from './shell.ts';

export interface Views {
  shellOf: MakeShell;
  observer: Observer;
  work: Work;
  archives: Archives;
  trash(): Promise<Trash>;
  /** REDIS_URL is set */
  hasRedisUrl: boolean;
  /** as typed on this host, e.g. `docker compose run --rm restore` */
  restoreCommand: string;
  settings: readonly { name: string; rows: readonly SettingRow[] }[];
}

export function viewRoutes(views: Views): Hono<Env> {
  const { shellOf, observer, work, settings } = views;
  const app = new Hono<Env>();
  const expected = async () => (await observer.survey()).newest?.entry.source_bytes;
  const pageNumber = (c: Context) => Number(c.req.query('page') ?? 1);

  app.get('/', async (c) => {
    const [state, alerts] = await Promise.all([observer.observe(), work.alerts()]);
    const { survey, missed, now } = state;
    const range = rangeOf(c.req.query('range'));
    const shell = shellOf(c);
    if (survey.all.length === 0)
      return c.html(
        firstRunPage(shell, {
          ...state,
          ...{ alerts, lines: checklist(state, observer.rules, views.hasRedisUrl) },
        }),
      );
    return c.html(
      overviewPage(shell, {
        ...state,
        alerts,
        jobs: state.jobs && (await work.recent()),
        schedule: observer.rules.schedule.pattern,
        timeline: timeline(survey.all, missed, now, observer.timezone, range),
        growth: growth(survey.all, now, observer.timezone, range),
      }),
    );
  });
  app.get('/backups', async (c) => {
    const filter = filterFrom(c.req.query());
    const { all } = await observer.survey();
    const found = matching(all, filter);
    const rows = pageOf(joinTwins(found), pageNumber(c));
    return c.html(backupsPage(shellOf(c), rows, found.length, filter));
  });
  app.get('/backups/:name', (c) => detail(c, views));
  app.get('/prune', async (c) => {
    const { catalogue, decisions, held } = await pruning(observer, shellOf(c).now);
    const sizes = new Map(catalogue.map(({ filename, size_bytes }) => [filename, size_bytes]));
    const kept = pageOf(
      decisions.filter(({ action }) => action === 'keep'),
      pageNumber(c),
    );
    return c.html(
      prunePage(shellOf(c), {
        ...{ decisions, held, sizes, kept, fingerprint: fingerprint(decisions) },
        ...{ trash: await views.trash(), trashDays: observer.rules.plan.trashDays },
      }),
    );
  });
  app.get('/jobs', async (c) => {
    const jobs = await work.recent();
    const past = jobs ? [] : await work.past();
    const { safety, survey } = await observer.observe();
    const problems = safety.problems.filter(({ code }) => code === 'paused' || code === 'no-worker');
    return c.html(jobsPage(shellOf(c), { jobs, past, problems }, survey.newest?.entry.source_bytes));
  });
  app.get('/jobs/:id', async (c) => {
    const id = c.req.param('id');
    const job = await work.find(id);
    if (!job)
      throw new BackupError('USAGE', `There is no job ${JSON.stringify(id)}`, {
        why: 'old jobs are forgotten',
      });
    return c.html(jobPage(shellOf(c), job, await work.log(id), await expected()));
  });
  app.get('/settings', (c) => c.html(settingsPage(shellOf(c), settings)));
  return app;
}

async function detail(
  c: Context<Env>,
  { shellOf, observer, archives, restoreCommand }: Views,
): Promise<Response> {
  const name = c.req.param('name') ?? '';
  const path = pathFrom(c.req.url);
  const { all, good } = await observer.survey();
  const backup = all.find(({ entry }) => entry.filename === name);
  if (!backup) throw noSuchBackup(name);
  if (path === undefined) throw new BackupError('USAGE', 'This is not a path inside an archive');
  // damaged, hostile or gone: the page still says what is known of it
  const directory = await archives.directory(backup.entry, path, c.req.raw.signal).catch(() => undefined);
  const { plan, stores } = observer.rules;
  const copies = await copiesOf(plan, stores, backup.entry).catch(() => undefined);
  const twins = all.filter((other) => other !== backup && isTwin(other, backup));
  const instead = goodInstead(all.filter(good), backup);
  const view = { backup, copies, directory, path, restoreCommand, instead, twins };
  return c.html(backupPage(shellOf(c), view));
}

/** The newest before it, else the oldest after it. */
const goodInstead = (good: readonly Dated[], { at }: Dated): Dated | undefined =>
  good.find((one) => one.at < at) ?? good.findLast((one) => one.at > at);

export function noSuchBackup(name: string): BackupError {
  return new BackupError('NO_SUCH_BACKUP', `There is no backup ${JSON.stringify(name.slice(0, 200))}`);
}

/** Looks a name up in the catalogue: only a name found there becomes a path. */
export const finder =
  (observer: Observer) =>
  async (name: string): Promise<CatalogueEntry> => {
    const found = (await observer.catalogue()).find(({ filename }) => filename === name);
    if (!found) throw noSuchBackup(name);
    return found;
  };

export async function pruning(
  { currentCatalogue: read, rules }: Observer,
  now: number,
): Promise<{ catalogue: readonly CatalogueEntry[]; decisions: PruneDecision[]; held: string | undefined }> {
  const catalogue = await read();
  const { retention: policy, backupDir, prefix } = rules.plan;
  return {
    catalogue,
    decisions: planPrune(catalogue, policy, now),
    held: await pruneHold({ stateDir: stateDirOf(backupDir), prefix }, catalogue, policy, now).catch(
      () => undefined,
    ),
  };
}
