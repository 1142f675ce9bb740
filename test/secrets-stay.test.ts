/** Every secret setting holds a canary; then the whole is run, and nothing that anybody can look at holds one. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SETTINGS } from '@gofr-backup/config';
import { newKeys } from '@gofr-backup/core';
import { connect } from '@gofr-backup/queue';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

const canary = (name: string): string => `canary-${name.toLowerCase().replaceAll('_', '-')}-5up3r`;
/** nobody listens there */
const NOWHERE = '127.0.0.1:9';

const { operation } = await newKeys({ project: 'plot', created: '2025-12-13' });

/** For each secret setting a value that is taken, and holds its canary. */
const VALUES: Record<string, string> = {
  SMTP_URL: `smtp://mailer:${canary('SMTP_URL')}@${NOWHERE}`,
  ALERT_WEBHOOK_URL: `http://${NOWHERE}/hooks/${canary('ALERT_WEBHOOK_URL')}`,
  ALERT_WEBHOOK_SECRET: canary('ALERT_WEBHOOK_SECRET'),
  HEARTBEAT_URL: `http://${NOWHERE}/ping/${canary('HEARTBEAT_URL')}`,
  DASHBOARD_PASSWORD: canary('DASHBOARD_PASSWORD'),
  DASHBOARD_TOKEN: canary('DASHBOARD_TOKEN'),
  METRICS_TOKEN: canary('METRICS_TOKEN'),
  OFFSITE_ACCESS_KEY: canary('OFFSITE_ACCESS_KEY'),
  OFFSITE_SECRET_KEY: canary('OFFSITE_SECRET_KEY'),
  OFFSITE_PASSWORD: canary('OFFSITE_PASSWORD'),
  OFFSITE_SSH_KEY: canary('OFFSITE_SSH_KEY'),
  OFFSITE_IDENTITY: `# ${canary('OFFSITE_IDENTITY')}\n${operation.identity}`,
  OTLP_URL: `http://tracer:${canary('OTLP_URL')}@${NOWHERE}`,
};

const secretNames = Object.values(SETTINGS)
  .filter((setting) => 'secret' in setting && setting.secret !== undefined)
  .map(({ name }) => name);

test('no secret reaches a log, an answer, an error, Redis, a page, a process list, a command or a file', async () => {
  expect(Object.keys(VALUES).concat('REDIS_URL').toSorted(), 'a new secret needs a canary').toEqual(
    secretNames.toSorted(),
  );
  await using redis = await privateRedis({ tcp: true });
  const admin = await connect(redis.url, { mode: 'service' });
  await admin.client.config('SET', 'requirepass', canary('REDIS_URL'));
  // a dump then holds texts as they are
  await admin.client.config('SET', 'rdbcompression', 'no');
  const url = redis.url.replace('redis://', `redis://:${canary('REDIS_URL')}@`);
  await using sandbox = await Sandbox.create({
    env: {
      ...Object.fromEntries(
        Object.entries({ ...VALUES, REDIS_URL: url }).map(([name, value]) => [`BACKUP_${name}`, value]),
      ),
      ...{ BACKUP_LOG_LEVEL: 'debug', BACKUP_LOG_FORMAT: 'json', BACKUP_ALERT_EMAIL_TO: 'ops@example.org' },
      ...{ BACKUP_DASHBOARD_PORT: '0', BACKUP_DASHBOARD_QUEUES_WRITABLE: 'true', BACKUP_POST_COMMAND: 'env' },
      BACKUP_SCHEDULE: '* * * * *',
      BACKUP_OFFSITE_URL: `rest+http://copier@${NOWHERE}/plot`,
      BACKUP_OFFSITE_ENCRYPTION: 'none',
    },
  });
  const seen = new Map<string, string>();
  const note = (where: string, text: string): void => void seen.set(where, `${seen.get(where) ?? ''}${text}`);
  const run = async (args: string[], env = {}): Promise<void> => {
    const { stdout, stderr } = await sandbox.run(args, env);
    note(args.join(' '), stdout + stderr);
  };
  const services = [sandbox.start(['worker']), sandbox.start(['scheduler']), sandbox.start(['dashboard'])];
  try {
    const page = await waitFor(() => /"url":"([^"]+)"/.exec(services[2]?.said.stdout ?? '')?.[1], {
      timeout: 40_000,
    });
    await waitFor(() => services[0]?.said.stdout.includes('worker is ready'), { timeout: 40_000 });
    for (const verb of ['now', 'verify', 'drill', 'list', 'status', 'config']) await run([verb]);
    for (const verb of ['status', 'config', 'list']) await run([verb, '--json']);
    await run(['restore', '--latest', '--yes']);
    await run(['prune']);
    await run(['list', '--store', 'offsite']);
    await run(['doctor', '--json']);
    await run(['notify', '--test']);
    await run(['now'], { BACKUP_REDIS_URL: `redis://:${canary('REDIS_URL')}@${NOWHERE}` });
    await run(['now'], {
      BACKUP_REDIS_URL: `redis://:${canary('REDIS_URL')}-wrong@${new URL(redis.url).host}`,
    });
    await run(['now'], {
      BACKUP_REDIS_URL: `redis:/${canary('REDIS_URL')}`,
      BACKUP_SMTP_URL: canary('SMTP_URL'),
    });
    await run(['now'], { BACKUP_DASHBOARD_TOKEN: `two words ${canary('DASHBOARD_TOKEN')}` });
    await run(['now'], { BACKUP_REDIS_URL_FILE: join(sandbox.path, 'both') });
    // a scheduled one, with its pings
    await waitFor(() => services[0]?.said.stdout.includes('heartbeat ping was not accepted'), {
      timeout: 80_000,
    });
    await writeFile(join(sandbox.backups, 'daily', 'gofr-plot_daily_20200101_020000.tar.gz'), 'damaged');
    await run(['verify', '--all']);

    const headers = { authorization: `Bearer ${canary('DASHBOARD_TOKEN')}` };
    const paths = [
      '',
      'jobs',
      'backups',
      'prune',
      'settings',
      'metrics',
      'queues/',
      'login',
      'healthz',
      'readyz',
    ];
    const boards = ['completed', 'failed', 'delayed'].map(
      (state) => `queues/api/queues?activeQueue=gofr-plot-backup&status=${state}&page=1&jobsPerPage=50`,
    );
    for (const path of [...paths, ...boards, 'queues/api/redis/stats']) {
      const answer = await fetch(new URL(path, page), { headers });
      note(`page ${path}`, JSON.stringify([...answer.headers]) + (await answer.text()));
    }
    note('process list', execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }));
    for (const key of await admin.client.keys('*'))
      note(`redis ${key}`, ((await admin.client.dumpBuffer(key)) ?? Buffer.alloc(0)).toString('latin1'));
    note('redis keys', (await admin.client.keys('*')).join('\n'));
    note('redis clients', String(await admin.client.client('LIST')));
  } finally {
    for (const { child, ended, said } of services) {
      child.kill('SIGTERM');
      await ended;
      note(`log of ${child.spawnargs.at(-1)}`, said.stdout + said.stderr);
    }
    admin.close();
  }
  for (const name of await readdir(sandbox.backups, { recursive: true }))
    note(`file ${name}`, await readFile(join(sandbox.backups, name), 'latin1').catch(() => ''));

  const escaped = [...seen].filter(
    ([, text]) =>
      text.includes('canary-') ||
      text.includes(encodeURIComponent('canary-')) ||
      text.includes(operation.identity),
  );
  expect(escaped.map(([where, text]) => `${where}: ${/.{0,80}canary-.{0,40}/.exec(text)?.[0]}`)).toEqual([]);
  expect(seen.get('now'), 'it worked').toContain('gofr-plot_daily_');
  expect(seen.get('page settings')).toContain('***');
  expect(seen.get('log of worker')).toContain('GOFR_BACKUP_TIER');
  expect([...seen.keys()].filter((where) => where.startsWith('redis ')).length).toBeGreaterThan(5);
}, 240_000);
