/**
 * `node scripts/boundaries.ts [root]`: whether the walls of walls.ts hold (oxlint reads the imports, lazy ones and types
 * included), and what it has no rule for: the machine's clock behind its port, folders that can still be surveyed.
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, run } from './steps.ts';
import { WALLS, type Wall } from './walls.ts';

const CLOCK = /\bDate\.now\(|\bnew Date\(\s*\)|\bperformance\.now\(/;
const CLOCK_MAY_BE_READ = ['packages/model/src/clock.ts', 'packages/testing/'];
const MOST_SOURCES = 25;
/** They may do as they like. */
const TESTS = ['**/*.{test,fixture,scenario,holder}.ts', '**/testing.ts'];

const root = process.argv[2] ?? ROOT;
const files = globSync('{apps,packages}/*/{src,bin}/**/*.{ts,mjs}', {
  cwd: root,
  exclude: ['**/node_modules/**', '**/dist/**', ...TESTS],
});
let findings = 0;
await judgeImports();
for (const file of files) judgeClock(file);
for (const [folder, inside] of Map.groupBy(files, (file) => dirname(file)))
  if (inside.length > MOST_SOURCES)
    report(folder, `${inside.length} sources`, `a folder of more than ${MOST_SOURCES} is two folders`);
if (findings > 0) process.exitCode = 1;

interface Diagnostic {
  message: string;
  help?: string;
  filename: string;
  labels: { span: { line: number } }[];
}

async function judgeImports(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'walls-'));
  try {
    const config = join(scratch, 'walls.json');
    writeFileSync(config, JSON.stringify(lintOf(WALLS)));
    const lint = join(ROOT, 'node_modules/.bin/oxlint');
    const sourced = globSync('{apps,packages}/*/src', { cwd: root });
    const { stdout } = await run(lint, ['-c', config, '--format=json', ...sourced], { cwd: root });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
    for (const { message, help, filename, labels } of diagnostics)
      report(`${filename}:${labels[0]?.span.line}`, /'(.*?)'/.exec(message)?.[1] ?? message, help ?? message);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function lintOf(walls: Wall[]): object {
  const overrides = walls.flatMap((wall) => [
    wallOf(`${wall.of}/src/**`, packagesOf(wall)),
    ...(wall.rooms ?? []).map((room) =>
      wallOf(`${wall.of}/src/${room.of}/**`, [
        ...packagesOf(wall),
        { group: room.never, message: room.because },
      ]),
    ),
  ]);
  return {
    plugins: [],
    categories: { correctness: 'off' },
    overrides: [
      ...overrides,
      { files: [...TESTS, '**/packages/testing/**'], rules: { 'no-restricted-imports': 'off' } },
    ],
  };
}

function wallOf(files: string, patterns: object[]): object {
  return { files: [`**/${files}`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

function packagesOf({ packages, because }: Wall): object[] {
  const others = ['@gofr-backup/*', ...packages.map((name) => `!@gofr-backup/${name}`)];
  const inside = [
    '@gofr-backup/*/**',
    '!@gofr-backup/model/schemas',
    '!@gofr-backup/model/version',
    '!@gofr-backup/queue/{embedded,jobs,past-jobs}',
    '../**/src/**',
  ];
  return [
    { group: others, message: because },
    { group: inside, message: 'import the package by its name: its index.ts is its public face' },
  ];
}

function judgeClock(file: string): void {
  if (CLOCK_MAY_BE_READ.some((prefix) => file.startsWith(prefix))) return;
  const lines = withoutComments(readFileSync(join(root, file), 'utf8')).split('\n');
  for (const [index, line] of lines.entries()) {
    const found = CLOCK.exec(line);
    if (found) report(`${file}:${index + 1}`, found[0], 'take a Clock: now(), or monotonic() for durations');
  }
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
