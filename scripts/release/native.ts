/**
 * koffi's binaries in the package: for both processors, glibc and musl. npm takes them out of the tarball and asks no registry. They lose
 * what would have npm build something, or refuse the package on another processor.
 */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { must, ROOT } from '../steps.ts';

const PROCESSORS = ['x64', 'arm64'];

interface Manifest {
  name: string;
  version: string;
  [field: string]: unknown;
}

/** Answers the names and versions of what is bundled. */
export async function bundleNative(staged: string): Promise<Record<string, string>> {
  const into = join(staged, 'node_modules');
  renameSync(join(staged, 'dist/node_modules'), into);
  // both bundles find the ones above them
  rmSync(join(staged, 'dashboard/node_modules'), { recursive: true });
  const { version } = manifestIn(join(into, 'koffi'));
  for (const processor of PROCESSORS) await take(`@koromix/koffi-linux-${processor}`, version, into);
  return Object.fromEntries(
    ['koffi', ...PROCESSORS.map((processor) => `@koromix/koffi-linux-${processor}`)].map((name) => {
      disarm(join(into, name));
      return [name, version];
    }),
  );
}

/** From the registry, and only the very file that the lockfile names. */
async function take(name: string, version: string, into: string): Promise<void> {
  const target = join(into, name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const fetched = await must('npm', ['pack', '--silent', `${name}@${version}`], { cwd: dirname(target) });
  const tarball = join(dirname(target), fetched.trim().split('\n').at(-1) ?? '');
  const found = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  if (lockedIntegrity(name, version) !== `sha512-${found}`)
    throw new Error(`${name}@${version} is not the one of pnpm-lock.yaml`);
  await must('tar', ['-xzf', tarball, '-C', target, '--strip-components=1', '--no-same-owner']);
  rmSync(tarball);
}

function lockedIntegrity(name: string, version: string): string | undefined {
  const lock = readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8');
  const entry = lock.indexOf(`  '${name}@${version}':\n    resolution:`);
  return entry < 0 ? undefined : /integrity: (\S+?)}/.exec(lock.slice(entry))?.[1];
}

function manifestIn(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
}

function disarm(directory: string): void {
  const manifest = manifestIn(directory);
  for (const field of ['scripts', 'os', 'cpu', 'optionalDependencies']) delete manifest[field];
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const other of globSync('**/binding.gyp', { cwd: directory })) rmSync(join(directory, other));
}
