/** A release, made whole by the script that the workflow calls, into registries on loopback; then taken from there as a stranger would. */
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeTree, temporaryDirectory } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { publishNpm } from '../../scripts/release/npm-package.ts';
import { docker, dockerRan, must, run } from './docker.ts';
import { imageRegistry, npmRegistry, type Registry } from './registries.ts';
import { ROOT } from './stack.ts';

interface Entry {
  warnings?: { message: string }[];
}

const { version } = manifest;
const all = new AsyncDisposableStack();
let home: string;
let npm: Registry;
let images: Registry;
let revision: string;
let out: string;

beforeAll(async () => {
  home = all.use(await temporaryDirectory('gofr-release-')).path;
  npm = all.use(await npmRegistry(home));
  images = all.use(await imageRegistry(home));
  out = join(home, 'release');
  const said = await release();
  const [, found = ''] = /\((.*)\)/.exec(said) ?? [];
  revision = found;
});
afterAll(async () => {
  if (images) await dockerRan(['image', 'rm', '-f', `${image()}:${version}`, `${image()}:latest`]);
  await all.disposeAsync();
});

const image = () => `${images.address}/gofr-backup`;

async function release(): Promise<string> {
  const script = ['scripts/run.mjs', 'scripts/release.ts', '--trial', '--publish', '--out', out];
  const places = ['--registry', `http://${npm.address}`, '--image', image()];
  // npm wants to know who publishes, also where the registry does not
  const env = { NPM_TOKEN: 'anybody' };
  return must(run(process.execPath, [...script, ...places], { cwd: ROOT, env, timeoutMs: 600_000 }));
}

test('the files prove themselves, and name what they were made of', async () => {
  await must(run('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: out }));
  const tarball = `gofr-backup-${version}.tgz`;
  const read = async (name: string) =>
    JSON.parse(await readFile(join(out, `gofr-backup-${version}.${name}.json`), 'utf8')) as never;
  const provenance: {
    subject: { name: string }[];
    predicate: { buildDefinition: { resolvedDependencies: { digest: { gitCommit: string } }[] } };
  } = await read('provenance');
  expect(provenance.subject.map(({ name }) => name)).toContain(tarball);
  expect(provenance.predicate.buildDefinition.resolvedDependencies).toMatchObject([
    { digest: { gitCommit: revision } },
  ]);
  const sbom: { components: { name: string }[] } = await read('sbom');
  expect(sbom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['bullmq', 'koffi', 'zod']));
  expect(await readFile(join(out, 'NOTES.md'), 'utf8')).toMatch(/^### /m);
});

test('npm i -g gofr-backup: one package, no scripts; it backs up, lists, restores, shows its page', async () => {
  const prefix = join(home, 'prefix');
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`;
  const install = ['install', '-g', 'gofr-backup', '--prefix', prefix, '--registry', `http://${npm.address}`];
  const strict = [
    '--loglevel=notice',
    '--ignore-scripts=false',
    '--engine-strict',
    '--foreground-scripts',
    '--no-audit',
    '--no-fund',
  ];
  const cache = ['--cache', join(home, 'npm-cache')];
  const installed = await must(run('npm', [...install, ...strict, ...cache], { env: { PATH: path } }));
  expect(installed).toContain('added 1 package');

  await makeTree(home, { data: { storage: { 'chart.svg': '<svg/>', 'metadata.json': '{}' } }, logs: {} });
  await mkdir(join(home, 'backups'));
  const env = {
    ...{ PATH: `${join(prefix, 'bin')}:${path}`, NPM_TOKEN: '' },
    ...{ BACKUP_DATA_DIR: join(home, 'data'), BACKUP_LOGS_DIR: join(home, 'logs') },
    BACKUP_DIR: join(home, 'backups'),
  };
  const gofrBackup = (...args: string[]) => must(run('gofr-backup', args, { env, cwd: home }));
  expect(await gofrBackup('--version')).toBe(`${version} (${revision})\n`);
  await gofrBackup('now');
  expect(await gofrBackup('list')).toMatch(/Verified: ✓/);
  await gofrBackup('restore', '--latest', '--to', join(home, 'back'), '--yes');
  expect(await readFile(join(home, 'back/data/storage/chart.svg'), 'utf8')).toBe('<svg/>');
  // the binaries of both processors came with it, and this one's is used: without it a backup says what it lacks
  const { warnings = [] } = JSON.parse(await gofrBackup('now', '--json')).backup as Entry;
  expect(warnings.filter(({ message }) => message.includes('koffi'))).toEqual([]);
  const native = join(prefix, 'lib/node_modules/gofr-backup/node_modules/@koromix');
  expect(await readdir(native)).toEqual(['koffi-linux-arm64', 'koffi-linux-x64']);
  await expectDashboard(env);
});

/** The page and the metrics name version and revision. */
async function expectDashboard(env: Record<string, string>): Promise<void> {
  const script = `gofr-backup dashboard & trap 'kill $!' EXIT
    for i in $(seq 300); do curl -sf "$URL/healthz" && break; sleep 0.2; done
    curl -s "$URL/"; curl -s "$URL/metrics"`;
  const port = String(20_000 + (process.pid % 10_000));
  const settings = { BACKUP_DASHBOARD_PORT: port, URL: `http://127.0.0.1:${port}` };
  const said = await must(run('sh', ['-ec', script], { env: { ...env, ...settings }, cwd: home }));
  expect(said).toContain(`gofr-backup ${version} (${revision})`);
  expect(said).toContain(
    `gofr_backup_build_info{project="plot",version="${version}",revision="${revision}"} 1`,
  );
}

test('an older Node is told what is needed', async (context) => {
  if (!existsSync('/usr/bin/node')) return context.skip('this machine has no other Node');
  const old = await must(run('/usr/bin/node', ['--version']));
  if (!/^v(1\d|20|22)\./.test(old)) return context.skip(`the other Node is ${old}`);
  const main = join(home, 'prefix/lib/node_modules/gofr-backup/bin/gofr-backup.mjs');
  const ran = await run('/usr/bin/node', [main, 'list']);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/needs Node 24.*\n.*started by Node.*\n.*install Node 24/);
});

test('the image: pulled and run, it says what it is, and backs up', async () => {
  const pulled = `${image()}:${version}`;
  await docker('image', 'rm', '-f', pulled, `${image()}:latest`);
  await docker('pull', '-q', pulled);
  expect(await docker('run', '--rm', pulled, '--version')).toBe(`${version} (${revision})\n`);
  const labels = await docker('image', 'inspect', '-f', '{{json .Config.Labels}}', pulled);
  expect(JSON.parse(labels)).toMatchObject({
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
  });
  const script = `mkdir -p /tmp/data/storage && echo '{}' >/tmp/data/storage/metadata.json
    export BACKUP_DATA_DIR=/tmp/data BACKUP_LOGS_DIR=/tmp/logs
    gofr-backup now && gofr-backup restore --latest --to /tmp/back --yes && cat /tmp/back/data/storage/metadata.json`;
  const isolated = ['--network', 'none', '--cap-drop', 'ALL', '--entrypoint', 'sh'];
  expect(await docker('run', '--rm', ...isolated, pulled, '-ec', script)).toMatch(/\{\}\n$/);
});

test('again, it makes the same files and publishes nothing; another package under the same version is refused', async () => {
  const again = join(home, 'again');
  await must(
    run(process.execPath, ['scripts/run.mjs', 'scripts/release.ts', '--trial', '--out', again], {
      cwd: ROOT,
    }),
  );
  const sums = (directory: string) => readFile(join(directory, 'SHA256SUMS'), 'utf8');
  expect(await sums(again)).toBe(await sums(out));
  const made = { version, revision, madeAt: '', out: again, trial: true };
  expect(await publishNpm(made, `http://${npm.address}`)).toBe('there already');
  await copyFile(join(again, 'NOTES.md'), join(again, `gofr-backup-${version}.tgz`));
  await expect(publishNpm(made, `http://${npm.address}`)).rejects.toThrow(/has another gofr-backup/);
});
