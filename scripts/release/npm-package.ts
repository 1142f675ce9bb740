/** The package `gofr-backup`: bundles of the command line and the dashboard, and nothing that is built or fetched when it is installed. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { must, ROOT, run } from '../steps.ts';
import { bundleNative } from './native.ts';
import type { Release } from './release.ts';

const tarballOf = ({ out, version }: Release): string => join(out, `gofr-backup-${version}.tgz`);

export async function packNpm(release: Release, sbom: string): Promise<void> {
  const staged = mkdtempSync(join(tmpdir(), 'gofr-package-'));
  try {
    const build = ['scripts/build.ts', '--into', staged, '--revision', release.revision, 'cli', 'dashboard'];
    await must(process.execPath, build);
    renameSync(join(staged, 'cli'), join(staged, 'dist'));
    cpSync(join(ROOT, 'apps/cli/bin'), join(staged, 'bin'), { recursive: true });
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(join(ROOT, file), join(staged, file));
    cpSync(sbom, join(staged, 'sbom.json'));
    const bundled = await bundleNative(staged);
    writeFileSync(join(staged, 'package.json'), `${JSON.stringify(descriptionOf(bundled), null, 2)}\n`);
    await must('npm', ['pack', '--silent', '--pack-destination', release.out], { cwd: staged });
  } finally {
    rmSync(staged, { recursive: true });
  }
}

function descriptionOf(bundled: Record<string, string>): object {
  const { version, description, license, engines } = manifest;
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  return {
    ...{ name: 'gofr-backup', version, description, license, type: 'module', engines },
    // npm's provenance compares it with where the workflow runs
    ...(repository !== undefined && { repository: { type: 'git', url: `git+${server}/${repository}.git` } }),
    bin: { 'gofr-backup': 'bin/gofr-backup.mjs' },
    files: ['bin', 'dist', 'dashboard', 'CHANGELOG.md', 'sbom.json'],
    dependencies: bundled,
    bundleDependencies: Object.keys(bundled),
  };
}

/** A version that lies there already must be this very file. */
export async function publishNpm(release: Release, registry: string): Promise<'published' | 'there already'> {
  const env = { ...process.env, ...loginTo(registry) };
  const tarball = tarballOf(release);
  const there = await integrityThere(release.version, registry, env);
  if (there === integrityOf(tarball)) return 'there already';
  if (there !== '') throw new Error(`${registry} has another gofr-backup ${release.version}`);
  const signed = process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] === undefined ? [] : ['--provenance'];
  await must('npm', ['publish', tarball, '--registry', registry, '--access', 'public', ...signed], { env });
  return 'published';
}

/** Empty: this version is not there. */
async function integrityThere(version: string, registry: string, env: NodeJS.ProcessEnv): Promise<string> {
  const asked = [
    'view',
    `gofr-backup@${version}`,
    'dist.integrity',
    '--registry',
    registry,
    '--loglevel=error',
  ];
  const { code, stdout, output } = await run('npm', asked, { env });
  if (code === 0 || output.includes('E404')) return stdout.trim();
  throw new Error(`${registry} does not say whether it has gofr-backup ${version}: ${output.trim()}`);
}

/** npm takes settings from the environment, also those of one registry. */
function loginTo(registry: string): NodeJS.ProcessEnv {
  const token = process.env['NPM_TOKEN'];
  if (token === undefined) return {};
  return { [`npm_config_${registry.replace(/^https?:/, '').replace(/\/?$/, '/')}:_authToken`]: token };
}

function integrityOf(file: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}
