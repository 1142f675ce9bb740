/** For tests only: a running dashboard on a backup directory of its own. */
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSettings, type Environment } from '@gofr-backup/config';
import { layDownManifest } from '@gofr-backup/core/testing';
import { type CatalogueEntry, type Clock, silentLogger } from '@gofr-backup/model';
import { start, type RunningDashboard } from './index.ts';

export { backupAt } from '@gofr-backup/core/testing';

export interface Visitor extends AsyncDisposable {
  url: string;
  backupDir: string;
  /** A request with the cookies of earlier answers, redirects not followed. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Posts a form with the CSRF token of `page`. */
  submit(path: string, fields?: Record<string, string>, page?: string): Promise<Response>;
  text(path: string): Promise<string>;
  forget(): void;
}

/** `entries` become archives without content and a manifest. */
export async function visit(
  backupDir: string,
  env: Environment = {},
  entries: readonly CatalogueEntry[] = [],
  clock?: Clock,
): Promise<Visitor> {
  await layOut(backupDir, entries);
  const settings = loadSettings({ BACKUP_BACKUP_DIR: backupDir, BACKUP_DASHBOARD_PORT: '0', ...env });
  const dashboard = await start(settings, { logger: silentLogger, ...(clock && { clock }) });
  return visitorOf(dashboard, backupDir);
}

function visitorOf(dashboard: RunningDashboard, backupDir: string): Visitor {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers({ accept: 'text/html', ...(init.headers as Record<string, string>) });
    if (cookies.size > 0) headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '));
    const answer = await fetch(new URL(path, dashboard.url), { redirect: 'manual', ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  const text = async (path: string) => (await ask(path)).text();
  return {
    url: dashboard.url,
    backupDir,
    ask,
    text,
    async submit(path, fields = {}, page = './') {
      const csrf = /name="csrf" value="([^"]+)"/.exec(await text(page))?.[1] ?? '';
      return ask(path, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) });
    },
    forget: () => cookies.clear(),
    [Symbol.asyncDispose]: () => dashboard.stop(),
  };
}

/** For DASHBOARD_PASSWORD, at the least cost that is taken: tests try many. */
export function quickHash(password: string): string {
  const salt = randomBytes(16);
  const key = scryptSync(password, salt, 32, { N: 2 ** 14, r: 1, p: 1 });
  return `scrypt:16384:1:1:${salt.toString('base64url')}:${key.toString('base64url')}`;
}

async function layOut(backupDir: string, entries: readonly CatalogueEntry[]): Promise<void> {
  for (const tier of ['daily', 'weekly', 'monthly']) await mkdir(join(backupDir, tier), { recursive: true });
  for (const { tier, filename } of entries) await writeFile(join(backupDir, tier, filename), '');
  await layDownManifest({ backupDir, project: 'plot' }, entries);
}
