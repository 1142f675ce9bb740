/** What a person or a script may start. A page answers with the job's page, a script gets JSON. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Hono, type Context } from 'hono';
import {
  BackupError,
  type Clock,
  formatTime,
  type Logger,
  type PruneDecision,
  TIERS,
} from '@gofr-backup/model';
import type { Trash } from '../sources/trash.ts';
import type { Work } from '../sources/work.ts';
import { guidePath } from '../view/guide.ts';
import { refusal, type Env, type Rights } from './access.ts';
import type { Sessions } from './session.ts';

interface Parts {
  rights: Rights;
  sessions: Sessions;
  work: Work;
  clock: Clock;
  logger: Logger;
  restoreRoots: readonly string[];
  trash(): Promise<Trash>;
  /** throws NO_SUCH_BACKUP */
  requireBackup(name: string): Promise<unknown>;
  decisions(): Promise<readonly PruneDecision[]>;
}

type Form = Record<string, string>;
/** `page`: where a person is sent instead of the job's own page */
type Asked = { id: string; joined: boolean; page?: string } | 'changed';

const ACTIONS: Record<string, (form: Form, parts: Parts) => Promise<Asked>> = {
  backup: ({ tier }, { work }) => work.ask('backup', { tier: oneOfTiers(tier), trigger: 'manual' }),
  async verify({ name }, { work, requireBackup }) {
    if (!name) return work.ask('verify', { which: 'latest', trigger: 'manual' });
    await requireBackup(name);
    return work.ask('verify', { names: [name], trigger: 'manual' });
  },
  async drill({ backup = 'latest' }, { work, requireBackup }) {
    if (backup !== 'latest') await requireBackup(backup);
    return work.ask('drill', { backup, trigger: 'manual' });
  },
  async prune({ plan }, { work, decisions }) {
    if (plan !== fingerprint(await decisions())) return 'changed';
    return work.ask('prune', { dryRun: false, trigger: 'manual' });
  },
  async undelete({ backup = '' }, { work, trash }) {
    if (!(await trash()).some(({ filename }) => filename === backup))
      throw new BackupError('NO_SUCH_BACKUP', `${JSON.stringify(backup.slice(0, 200))} is not in the trash`);
    return work.ask('undelete', { backup });
  },
  async preview({ backup = '', path }, { work, requireBackup }) {
    await requireBackup(backup);
    const asked = await work.ask('restore', { backup, ...pathsOf(path), dryRun: true });
    const told = path === undefined ? ({ what: 'all' } as const) : { path };
    return { ...asked, page: guidePath({ ...told, backup, preview: asked.id }) };
  },
  async restore({ backup = '', path, root, salvage }, { work, requireBackup, restoreRoots, clock }) {
    await requireBackup(backup);
    const allowed = restoreRoots.find((one) => one === root);
    if (allowed === undefined) throw onlyElsewhere();
    const to = join(allowed, newName(backup, clock.now()));
    return work.ask('restore', {
      backup,
      ...pathsOf(path),
      to,
      ...(salvage === 'true' && { salvage: true }),
    });
  },
};

const pathsOf = (path: string | undefined): { paths?: string[] } =>
  path === undefined ? {} : { paths: [path] };

/** Of a directory that is not there yet. */
const newName = (backup: string, now: number): string =>
  `${backup.replace(/\.tar(\.\w+)?$/, '')}_restored_${formatTime(now, 'UTC').replace(/[- :]/g, '')}`;

const onlyElsewhere = (): BackupError =>
  new BackupError('USAGE', 'A restore is started here only into a new directory below RESTORE_ROOTS', {
    why: 'in place it would replace data, and a page can be opened by mistake',
    hint: 'Type the command that the restore page shows.',
  });

export function actionRoutes(parts: Parts): Hono<Env> {
  const { rights } = parts;
  const app = new Hono<Env>();
  app.post('/actions/:action', async (c) => {
    const form = await formOf(c);
    const refused = refuse(c, form, parts);
    if (refused) return refused;
    const name = c.req.param('action');
    parts.logger.info({ action: name, address: c.get('client').address }, 'asked for on the dashboard');
    if (name === 'cancel') return cancel(c, form, parts);
    if (name === 'acknowledge') return acknowledge(c, form, parts);
    if (name === 'resume') return resume(c, parts);
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action) return c.json(refusal('USAGE', `There is no action ${JSON.stringify(name)}.`), 404);
    return answer(c, rights, await action(form, parts));
  });
  return app;
}

function refuse(c: Context<Env>, form: Form, { rights, sessions }: Parts): Response | undefined {
  if (rights.readOnly) {
    return c.json(refusal('DECLINED', 'This dashboard only shows.', 'DASHBOARD_READ_ONLY is set.'), 403);
  }
  if (c.get('bearer') || sessions.csrfValid(c.get('session'), form['csrf'])) return undefined;
  return c.text('This page has expired. Reload it and try again.\n', 403);
}

async function formOf(c: Context<Env>): Promise<Form> {
  const json = c.req.header('content-type')?.startsWith('application/json');
  const body: unknown = json ? await c.req.json().catch(() => ({})) : await c.req.parseBody();
  const fields = Object.entries(typeof body === 'object' && body !== null ? body : {});
  return Object.fromEntries(
    fields.filter((field): field is [string, string] => typeof field[1] === 'string'),
  );
}

function answer(c: Context<Env>, { base }: Rights, asked: Asked): Response {
  if (asked === 'changed') {
    if (c.get('bearer')) return c.json(refusal('DECLINED', 'The plan has changed since it was shown.'), 409);
    return c.redirect(`${base}/prune?said=changed`, 303);
  }
  if (c.get('bearer')) return c.json({ job_id: asked.id, joined: asked.joined }, 202);
  if (asked.page !== undefined) return c.redirect(`${base}/${asked.page}`, 303);
  return c.redirect(
    `${base}/jobs/${encodeURIComponent(asked.id)}?said=${asked.joined ? 'joined' : 'asked'}`,
    303,
  );
}

async function cancel(c: Context<Env>, { job = '' }: Form, { rights, work }: Parts): Promise<Response> {
  if (!(await work.find(job))) throw new BackupError('USAGE', `There is no job ${JSON.stringify(job)}`);
  await work.cancel(job);
  if (c.get('bearer')) return c.json({ job_id: job }, 202);
  return c.redirect(`${rights.base}/jobs/${encodeURIComponent(job)}?said=cancelled`, 303);
}

async function acknowledge(
  c: Context<Env>,
  { alert: id = '' }: Form,
  { rights, work, clock }: Parts,
): Promise<Response> {
  const by = `${c.get('client').address} on the page`;
  const { acknowledged } = await work.acknowledge(id, { by, at: new Date(clock.now()).toISOString() });
  if (c.get('bearer')) return c.json({ alert: id, acknowledged });
  return c.redirect(`${rights.base}/?said=acknowledged`, 303);
}

async function resume(c: Context<Env>, { rights, work }: Parts): Promise<Response> {
  await work.resume();
  if (c.get('bearer')) return c.json({ resumed: true }, 202);
  return c.redirect(`${rights.base}/?said=resumed`, 303);
}

function oneOfTiers(tier = 'daily'): (typeof TIERS)[number] {
  const known = TIERS.find((one) => one === tier);
  if (known) return known;
  throw new BackupError('USAGE', `There is no tier ${JSON.stringify(tier)}`, {
    why: `the tiers are ${TIERS.join(', ')}`,
  });
}

/** A fingerprint of the removals of a plan. Reasons and kept backups may change without changing it. */
export function fingerprint(decisions: readonly PruneDecision[]): string {
  const removed = decisions.filter(({ action }) => action === 'remove').map(({ filename }) => filename);
  return createHash('sha256').update(removed.sort().join('\n')).digest('hex').slice(0, 32);
}
