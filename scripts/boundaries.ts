/**
 * `node scripts/boundaries.ts [root]`: who may import whom, and who may touch the surroundings. The design of
 * docs/architecture.md as rules, each with its reason; a finding says what to do instead.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.ts';

interface ImportRule {
  /** room: the folder whose files the rule is about */
  from: string;
  /** what they may import of ours, by package name or by folder; `type:` for types only (errors count as types) */
  may: string[];
  because: string;
}

const root = process.argv[2] ?? ROOT;
const PACKAGE = '@gofr-backup/';

/** The first rule whose `from` a file lies in is its rule. */
const PACKAGE_RULES: ImportRule[] = [
  {
    from: 'packages/core/',
    may: ['archive', 'model', 'posix'],
    because: 'the core is what would exist without Redis, settings and services',
  },
  {
    from: 'packages/archive/',
    may: ['model', 'posix'],
    because: 'the engine knows files and bytes, not backup directories',
  },
  { from: 'packages/posix/', may: ['model'], because: 'what Linux offers is asked without knowing why' },
  { from: 'packages/model/', may: [], because: "the nouns are everybody's: they know nobody" },
  {
    from: 'packages/config/',
    may: ['core', 'archive', 'model', 'posix'],
    because: 'settings are read without knowing who works with them',
  },
  {
    from: 'packages/notify/',
    may: ['core', 'model'],
    because: 'a message is sent without knowing settings or jobs',
  },
  {
    from: 'packages/queue/',
    may: ['core', 'model', 'posix'],
    because: 'the queue asks, retries and deduplicates; it does no backup work',
  },
  {
    from: 'packages/testing/',
    may: ['core', 'config', 'queue', 'model', 'archive'],
    because: 'fixtures know the libraries, not the apps',
  },
  {
    from: 'apps/cli/',
    may: ['core', 'archive', 'model', 'posix', 'config', 'queue', 'notify', 'scheduler', 'worker'],
    because:
      '`serve` composes scheduler and worker through their start(), nothing else of the apps is shared',
  },
  {
    from: 'apps/',
    may: ['core', 'archive', 'model', 'posix', 'config', 'queue', 'notify'],
    because: 'apps meet in the queue, never in an import',
  },
];

/** Inside the core: what a room may import of its neighbours. Files directly in src belong to everybody. */
const ROOM_RULES: ImportRule[] = [
  {
    from: 'packages/core/src/retention/',
    may: [],
    because: 'retention is a pure function of (catalogue, policy, now)',
  },
  {
    from: 'packages/core/src/repository/',
    may: [],
    because: 'the backup directory is there before any operation; operations compose it',
  },
  {
    from: 'packages/core/src/recovery/',
    may: [],
    because: 'swapping data in knows the target, not the backup directory; operations bring them together',
  },
];

interface WordRule {
  forbids: RegExp;
  /** path prefixes the rule is about; '' is everything */
  within: string[];
  /** path prefixes where it is allowed */
  except: string[];
  instead: string;
}

const WORD_RULES: WordRule[] = [
  {
    forbids: /\bprocess\.env\b/,
    within: [''],
    except: ['packages/config/', 'packages/testing/'],
    instead: 'define a setting in packages/config; only it reads the environment',
  },
  {
    forbids: /\bDate\.now\(|\bnew Date\(\s*\)|\bperformance\.now\(/,
    within: [''],
    except: ['packages/model/src/clock.ts', 'packages/testing/'],
    instead: 'take a Clock (packages/model/src/ports.ts): now(), or monotonic() for durations; tests move it',
  },
  {
    forbids: /\bconsole\.\w+/,
    within: [''],
    except: ['apps/cli/'],
    instead: 'log with the logger port; only the CLI prints for a person',
  },
  {
    forbids: /\bfrom 'node:|\bimport\('node:/,
    within: ['packages/core/src/retention/'],
    except: [],
    instead: 'keep retention pure: no files, no clock, no environment',
  },
];

const IMPORT =
  /^\s*(?:import|export)\b(?<clause>[^'"`;]*?)\bfrom\s*['"](?<from>[^'"]+)['"]|\bimport\s*\(\s*['"](?<lazy>[^'"]+)['"]|^\s*import\s*['"](?<bare>[^'"]+)['"]/gm;

let findings = 0;
for (const file of sources()) {
  const text = withoutComments(readFileSync(join(root, file), 'utf8'));
  for (const specifier of importsOf(text)) judgeImport(file, specifier);
  for (const rule of WORD_RULES) judgeWords(file, text, rule);
}
if (findings > 0) process.exitCode = 1;

/** Production sources: tests and their fixtures may do as they like. */
function sources(): string[] {
  return globSync('{apps,packages}/*/{src,bin}/**/*.{ts,mjs}', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  }).filter((file) => !/\.(test|fixture|scenario)\.ts$|\/testing\.ts$/.test(file));
}

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map(
    ({ groups }) => groups?.['from'] ?? groups?.['lazy'] ?? groups?.['bare'] ?? '',
  );
}

function judgeImport(file: string, specifier: string): void {
  if (specifier.startsWith('.')) return judgeRelative(file, join(file, '..', specifier), specifier);
  if (!specifier.startsWith(PACKAGE)) return;
  const [name = '', ...inside] = specifier.slice(PACKAGE.length).split('/');
  if (inside.length > 0)
    return report(file, specifier, `import ${PACKAGE}${name} itself: its index.ts is its public face`);
  if (name === 'testing') return report(file, specifier, 'only tests use the fixtures');
  const rule = PACKAGE_RULES.find(({ from }) => file.startsWith(from));
  if (rule && !rule.may.includes(name) && !file.startsWith(`packages/${name}/`))
    report(file, specifier, rule.because);
}

function judgeRelative(file: string, target: string, specifier: string): void {
  const own = file.split('/').slice(0, 2).join('/');
  if (!target.startsWith(`${own}/`))
    return report(file, specifier, `import the package by its name instead of its files`);
  if (!/\.(ts|json|mjs|css)$/.test(specifier)) report(file, specifier, 'write the extension: .ts');
  const rule = ROOM_RULES.find(({ from }) => file.startsWith(from));
  const core = 'packages/core/src/';
  if (!rule || target.startsWith(rule.from) || !target.startsWith(core)) return;
  const [room = '', ...below] = target.slice(core.length).split('/');
  if (below.length > 0 && below[0] !== 'types.ts' && !rule.may.includes(room))
    report(file, specifier, rule.because);
}

function judgeWords(file: string, text: string, rule: WordRule): void {
  const lies = (prefix: string) => file.startsWith(prefix);
  if (!rule.within.some(lies) || rule.except.some(lies)) return;
  text.split('\n').forEach((line, index) => {
    const found = rule.forbids.exec(line);
    if (found) report(`${file}:${index + 1}`, found[0], rule.instead);
  });
}

function report(where: string, what: string, why: string): void {
  findings += 1;
  console.log(`${where}: \`${what}\`: ${why}`);
}

/** Comments blanked, lines kept. Good enough for house style: no regular expression of ours contains `//`. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;{}(),])\/\/.*$/gm, '$1');
}
