/**
 * `npm run sbom [FILE]`: what the release is made of, from the lockfile, as CycloneDX. Written for a release; with
 * `--check` only made and compared with the lockfile.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT, run } from './steps.ts';

interface Sbom {
  bomFormat: string;
  components: { name: string; group?: string; version: string; purl: string }[];
}

const check = process.argv.includes('--check');
const directory = mkdtempSync(join(tmpdir(), 'gofr-sbom-'));
try {
  const file = check ? join(directory, 'sbom.json') : resolve(process.argv[2] ?? 'sbom.json');
  const made = await run(join(ROOT, 'node_modules/.bin/pnpm'), [
    ...['sbom', '--sbom-format', 'cyclonedx', '--lockfile-only', '--prod', '--out', file],
  ]);
  if (made.code !== 0) throw new Error(made.output);
  const { bomFormat, components } = JSON.parse(readFileSync(file, 'utf8')) as Sbom;
  if (bomFormat !== 'CycloneDX') throw new Error(`${file} is no CycloneDX document`);
  const missing = [...expectedPackages()].filter((name) => !components.some((one) => fullName(one) === name));
  if (missing.length > 0)
    throw new Error(`not in the SBOM, though apps depend on them: ${missing.join(', ')}`);
  console.log(`${components.length} components${check ? '' : ` in ${file}`}`);
} finally {
  rmSync(directory, { recursive: true });
}

/** The packages of others that the bundles of the apps may hold, by the lockfile's importers. */
function expectedPackages(): Set<string> {
  const lock = readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8');
  const importers = lock.slice(lock.indexOf('\nimporters:'), lock.indexOf('\npackages:'));
  const names = [...importers.matchAll(/^ {2}(?:apps|packages)\/(\S+):\n([^]*?)(?=^ {2}\S|(?![^]))/gm)]
    .filter(([, room]) => room !== 'testing')
    .flatMap(([, , body = '']) => {
      const production = /^ {4}dependencies:\n((?: {6,}.*\n)*)/m.exec(body)?.[1] ?? '';
      return [...production.matchAll(/^ {6}'?([^\s':]+)'?:$/gm)].map(([, name = '']) => name);
    });
  return new Set(names.filter((name) => !name.startsWith('@gofr-backup/')));
}

function fullName({ group, name }: { group?: string; name: string }): string {
  return group ? `${group}/${name}` : name;
}
