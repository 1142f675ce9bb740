/** The compose files as compose reads them, for the project of its name and for any other. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '@gofr-backup/config';
import { temporaryDirectory } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { ROOT } from './command-line.ts';

type Services = Record<string, { environment?: Record<string, string | null> }>;
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

/** What compose makes of a file and an `.env`. */
function servicesOf(file: string, envFile: string): Services {
  const args = ['--env-file', envFile, '--profile', '*', '-f', join(ROOT, 'docker', file), 'config'];
  const { PATH = '', HOME = '' } = process.env;
  const said = execFileSync('docker', ['compose', ...args, '--format', 'json'], { env: { PATH, HOME } });
  return (JSON.parse(said.toString()) as { services: Services }).services;
}

describe.runIf(hasCompose)('with docker compose', () => {
  const cases = ['docker-compose.yml', 'docker-compose.single.yml'].flatMap((file) =>
    [
      ['plot', 'GOFR_PLOT_BACKUP_'],
      ['plot', 'BACKUP_'],
      ['dig', 'BACKUP_'],
    ].map(([project = '', prefix = '']) => ({ file, project, prefix })),
  );
  test.each(cases)('$file takes the settings of $project by $prefix', async ({ file, project, prefix }) => {
    await using dir = await temporaryDirectory();
    const [dotEnv, secret] = [join(dir.path, '.env'), join(dir.path, 'secret')];
    writeFileSync(dotEnv, `GOFR_PROJECT=${project}\n${prefix}SCHEDULE=5 4 * * *\n${prefix}KEEP_LAST=9\n`);
    writeFileSync(secret, 'redis://:pw@redis:6379');
    const services = servicesOf(file, dotEnv);
    const ours = ['scheduler', 'backup', 'dashboard', 'restore'].filter((name) => name in services);
    expect(ours).toContain('backup');
    for (const name of ours) {
      const given = services[name]?.environment ?? {};
      const inside = Object.entries(given).map(([key, value]) => [
        key,
        value?.startsWith('/run/secrets/') ? secret : (value ?? undefined),
      ]);
      const settings = loadSettings(Object.fromEntries(inside) as Record<string, string | undefined>);
      expect(settings, name).toMatchObject({ project, schedule: '5 4 * * *', keepLast: 9, warnings: [] });
      const usesRedis = file === 'docker-compose.yml' && name !== 'restore';
      expect(settings.redisUrl, name).toBe(usesRedis ? 'redis://:pw@redis:6379' : undefined);
      if (name === 'dashboard') expect(settings.dashboardHost).toBe('0.0.0.0');
    }
  });
});
