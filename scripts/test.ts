/**
 * `npm test [containers|browser] [filter…]`: the tests, and as the last line the true counts.
 * Without a group it is every test that needs neither Docker nor a browser.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftoversIn } from './leftovers.ts';
import { ROOT, run, since } from './steps.ts';
import { nothingRan, type TestCounts } from './test-counts.ts';
import { provideTestTools } from './test-tools.ts';

/** `nobody` on Debian and its like: it owns nothing, and root's rights are none of its own. */
const ORDINARY_USER = 65534;

/** With so many tests it is told which files took longest. */
const MANY = 500;

const GROUPS = ['host', 'containers', 'browser'];

const [first, ...rest] = process.argv.slice(2);
const group = first !== undefined && GROUPS.includes(first) ? first : 'host';
const filters = first === undefined || group === first ? rest : [first, ...rest];

const started = performance.now();
const missing = await provideTestTools((text) => console.log(`test: ${text}`));
// short, because Redis sockets lie below it and their paths end at 107 bytes
const scratch = mkdtempSync(join(tmpdir(), 'gt-'));
// a test that steps down from root must still reach its own directory below
chmodSync(scratch, 0o711);
const commandLine = group === 'host' ? await buildCommandLine() : undefined;
const counts = await runVitest();
await runAsOrdinaryUser(counts);
if (counts.passed + counts.failed === 0) fail(counts, 'no test ran');
await reportLeftovers(counts);
removeScratch(counts);
report(counts);

async function runVitest(
  args: string[] = filters,
  { before = [] as string[], home = scratch, own = {} as NodeJS.ProcessEnv } = {},
): Promise<TestCounts> {
  const file = join(home, 'counts.json');
  const [program, ...words] = [
    ...before,
    process.execPath,
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--configLoader=native',
    `--project=${group}`,
    '--reporter=default',
    `--reporter=${join(ROOT, 'scripts/test-counts.ts')}`,
    ...args,
  ];
  const env = { ...process.env, ...environment(), ...own, TMPDIR: home, TEST_COUNTS_FILE: file };
  const ended = await run(program!, words, { live: true, env });
  const counts = readCounts(file);
  if (ended.code !== 0 && counts.failed === 0) fail(counts, `vitest ended with ${ended.code}`);
  return counts;
}

/** As its users have it, and it starts in half the time; where it cannot be built that is said, and the sources run. */
async function buildCommandLine(): Promise<string | undefined> {
  const into = join(scratch, 'built');
  const { code } = await run(process.execPath, [
    join(ROOT, 'scripts/build.ts'),
    '--into',
    into,
    'cli',
    'dashboard',
  ]);
  if (code === 0) return join(into, 'cli/main.js');
  console.log('test: the command line could not be built, so its sources are tested: npm run build says why');
  return undefined;
}

/** What was left out because root may do everything is run again by a user who may not. */
async function runAsOrdinaryUser(counts: TestCounts): Promise<void> {
  if (process.getuid?.() !== 0 || group !== 'host' || counts.skips.length === 0) return;
  if ((await run('setpriv', ['--version'])).code !== 0) return;
  const home = join(scratch, 'ordinary');
  mkdirSync(home);
  chownSync(home, ORDINARY_USER, ORDINARY_USER);
  const ids = [`--reuid=${ORDINARY_USER}`, `--regid=${ORDINARY_USER}`, '--clear-groups'];
  const before = ['setpriv', ...ids, '--'];
  const files = [...new Set(counts.skips.map((name) => name.slice(0, name.indexOf(' > '))))];
  const names = counts.skips.map((name) => RegExp.escape(name.slice(name.lastIndexOf(' > ') + 3)));
  const second = await runVitest([...files, '-t', `(${names.join('|')})$`], {
    before,
    home,
    own: homeIn(home),
  });
  counts.passed += second.passed;
  counts.failed += second.failed;
  counts.failures.push(...second.failures.map((name) => `as an ordinary user: ${name}`));
  counts.skips = counts.skips.filter((name) => second.skips.includes(name));
  counts.skipped = counts.skips.length;
}

/** Whoever stepped down may not write where XDG_DATA_HOME and its like send root. */
function homeIn(home: string): NodeJS.ProcessEnv {
  const ofRoot = Object.keys(process.env).filter((name) => name.startsWith('XDG_'));
  return { ...Object.fromEntries(ofRoot.map((name) => [name, undefined])), HOME: home };
}

/** Without an operator's own settings, which would reach into the tests. */
function environment(): NodeJS.ProcessEnv {
  const foreign = Object.keys(process.env).filter((name) =>
    /^(GOFR_(?!TEST_|SLOW_TESTS|SCREENSHOTS)|BACKUP_)/.test(name),
  );
  return {
    ...Object.fromEntries(foreign.map((name) => [name, undefined])),
    TMPDIR: scratch,
    // a thread or a process of a test would else strip and compile its modules anew: half of a small one's time
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'),
    TEST_TOOLS_MISSING: missing.join(','),
    TEST_CLI: commandLine,
    TZ: 'UTC',
    // bsdtar converts names of files with holes, and fails where the locale has not their letters
    LC_ALL: 'C.UTF-8',
  };
}

function readCounts(file: string): TestCounts {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestCounts;
  } catch {
    return nothingRan();
  }
}

function fail(counts: TestCounts, what: string): void {
  counts.failed += 1;
  counts.failures.push(what);
}

async function reportLeftovers(counts: TestCounts): Promise<void> {
  for (const { pid, command } of await leftoversIn(scratch)) {
    fail(counts, `left running by a test: ${command} (${pid})`);
    process.kill(pid, 'SIGKILL');
  }
}

function removeScratch(counts: TestCounts): void {
  if (counts.failed > 0) return console.log(`test: what the tests left is in ${scratch}`);
  try {
    chmodSync(scratch, 0o700);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    console.log(`test: ${scratch} could not be removed: ${String(error)}`);
  }
}

function report(counts: TestCounts): void {
  if (counts.passed + counts.failed > MANY)
    for (const [file, seconds] of counts.slowest) console.log(`test: ${seconds.toFixed(0)} s in ${file}`);
  for (const name of counts.skips) console.log(`skipped: ${name}`);
  for (const name of counts.failures) console.log(`failed: ${name}`);
  console.log(`test: ${group} tests took ${since(started)}`);
  console.log(
    `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
  );
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
