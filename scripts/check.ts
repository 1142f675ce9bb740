/**
 * `npm run check [name…]`: everything a machine can say about the tree without running the tests.
 * Each failing check prints its findings and the command that mends or repeats it.
 */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, since, type Ended } from './steps.ts';
import { isInstalled } from './system-packages.mjs';

interface Check {
  name: string;
  run: () => Promise<Ended>;
  /** what a person types to mend it, or to see it again */
  fix: string;
  /** its output is worth reading also when it passes */
  tells?: true;
  /** why it cannot run on this machine */
  skip?: string | undefined;
}

const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);
const node = (...args: string[]) => run(process.execPath, args);
const shells = ['.ci/run', ...globSync('{scripts,docker}/*', { cwd: ROOT }).filter(isShellScript)];

/** Files that have not changed since they were found good are not read again. */
const REMEMBERED = ['--cache', '--cache-location=.cache/prettier', '--cache-strategy=content'];

const CHECKS: Check[] = [
  {
    name: 'types',
    run: () => run(bin('tsc'), ['-p', '.', '--noEmit', '--pretty', 'false']),
    fix: 'npx tsc -p .',
  },
  {
    name: 'lint',
    run: () => run(bin('oxlint'), ['--type-aware', '--deny-warnings', '--format=unix']),
    fix: 'npx oxlint --type-aware --fix',
  },
  {
    name: 'format',
    run: () => run(bin('prettier'), ['--check', '--log-level=warn', ...REMEMBERED, '.']),
    fix: 'npm run format',
  },
  {
    name: 'boundaries',
    run: () => node('scripts/boundaries.ts'),
    fix: 'node scripts/run.mjs scripts/boundaries.ts',
  },
  { name: 'generated files', run: () => node('scripts/generate.ts', '--check'), fix: 'npm run generate' },
  {
    name: 'unused code',
    run: () => run(bin('knip'), ['--no-progress', '--no-config-hints']),
    fix: 'npx knip',
  },
  { name: 'bundles', run: () => node('scripts/build.ts', '--check'), fix: 'npm run build' },
  { name: 'pins', run: () => node('scripts/pin.ts', '--check'), fix: 'npm run pin', tells: true },
  { name: 'sbom', run: () => node('scripts/sbom.ts', '--check'), fix: 'npm run sbom', tells: true },
  { name: 'audit', run: () => node('scripts/audit.ts'), fix: 'npm run audit', tells: true },
  {
    name: 'shell scripts',
    // -x: what they source is read with them
    run: () => run('shellcheck', ['-x', '-P', 'SCRIPTDIR', ...shells]),
    fix: `shellcheck -x -P SCRIPTDIR ${shells.join(' ')}`,
    skip: isInstalled('shellcheck') ? undefined : 'shellcheck is not installed',
  },
];

const AT_ONCE = 2;
const asked = process.argv.slice(2);
const waiting = CHECKS.filter(({ name }) => asked.length === 0 || asked.includes(name));
const totals = { passed: 0, failed: 0, skipped: 0 };
const started = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`check: took ${since(started)}`);
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''}`,
);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

function isShellScript(file: string): boolean {
  const path = join(ROOT, file);
  return statSync(path).isFile() && /^#!.*\b(ba)?sh\n/.test(readFileSync(path, 'utf8').slice(0, 100));
}

async function work(): Promise<void> {
  for (let check = waiting.shift(); check; check = waiting.shift()) await perform(check);
}

async function perform(check: Check): Promise<void> {
  if (check.skip !== undefined) {
    totals.skipped += 1;
    return console.log(`- ${check.name}: ${check.skip}`);
  }
  const began = performance.now();
  const { code, output } = await check.run();
  if (code === 0) {
    totals.passed += 1;
    const told = check.tells ? `\n  ${output.trim().replaceAll('\n', '\n  ')}` : '';
    return console.log(`✓ ${check.name} (${since(began)})${told}`);
  }
  totals.failed += 1;
  console.log(`✗ ${check.name} (${since(began)})\n${output.trimEnd()}\n  to mend it: ${check.fix}`);
}
