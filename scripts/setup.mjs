/**
 * `npm run setup`: everything the project needs, from a machine that has only Node 20 and npm.
 * Plain JavaScript without dependencies: it runs before there are any. Doing it again costs nothing.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exclusive } from './exclusive.mjs';
import { administrator, installPackages, isInstalled } from './system-packages.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PNPM = 'pnpm@12.21.0';
const STAMP = join(ROOT, 'node_modules/.cache/setup.json');
const PINNED_NODE = join(ROOT, 'node_modules/.bin/node');

/** Set-up that cannot go on; the message says what to do. */
class SetupError extends Error {}

/** @returns {string} the Node that runs the project: the pinned one, or this one where none is published for the system */
export function projectNode() {
  return existsSync(PINNED_NODE) ? PINNED_NODE : process.execPath;
}

/** @returns {boolean} whether everything is there; reads a few small files, starts nothing */
export function isSetUp() {
  try {
    const stamp = JSON.parse(readFileSync(STAMP, 'utf8'));
    return stamp.dependencies === fingerprint() && existsSync(projectNode()) && isInstalled('redis-server');
  } catch {
    return false;
  }
}

/** Does what is missing, one process at a time; throws SetupError. */
export async function setUp() {
  checkHostNode();
  await exclusive(`setup ${ROOT}`, perform, () =>
    say('another set-up of this folder is running; waiting for it'),
  );
}

async function perform() {
  await installDependencies();
  checkProjectNode();
  await provideRedis();
}

function checkHostNode() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major >= 20) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old to set the project up.\n` +
      'Node 20 or newer is needed to begin with; the project then brings its own Node 24.\n' +
      "Install one from https://nodejs.org/ or with your system's packages, then run the same command again.",
  );
}

async function installDependencies() {
  const wanted = fingerprint();
  if (readStamp() === wanted) return;
  const started = performance.now();
  say(
    `dependencies: pnpm and Node 24 from the npm registry, versions as locked (half a minute on a first run)`,
  );
  const complaint = runPnpm() && runPnpm();
  if (complaint) {
    throw new SetupError(
      `The dependencies could not be installed.\n${complaint}\n` +
        'Check that the npm registry is reachable (`npm ping`) and the disk has 1 GB to spare, then run it again.',
    );
  }
  writeStamp(wanted);
  say(`dependencies installed${took(started)}`);
}

/** @returns {string} its last lines when it failed, else '' */
function runPnpm() {
  const args = ['--yes', PNPM, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false'];
  const run = spawnSync('npx', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true' },
    maxBuffer: 64 << 20,
  });
  if (run.status === 0) return '';
  return `${run.stdout ?? ''}\n${run.stderr ?? ''}\n${run.error?.message ?? ''}`
    .trim()
    .split('\n')
    .slice(-15)
    .join('\n');
}

function checkProjectNode() {
  const node = projectNode();
  const run = spawnSync(node, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = (run.stdout ?? '').replace('v', '').split('.').map(Number);
  if (major >= 26 || (major === 24 && minor >= 21)) return;
  throw new SetupError(
    `Node 24.21, or 26 or newer, is needed, and ${node} is ${run.stdout?.trim() || 'not runnable'}.\n` +
      `No Node comes with the dependencies for ${process.platform} ${process.arch}.\n` +
      'Install Node 24 from https://nodejs.org/, put it first on PATH, then run the same command again.',
  );
}

async function provideRedis() {
  if (isInstalled('redis-server')) return;
  const started = performance.now();
  if (administrator()) {
    say("redis-server is missing: installing it from the system's packages (apt-get install redis-server)");
  }
  const complaint = await installPackages(['redis-server']);
  if (complaint === undefined && isInstalled('redis-server'))
    return say(`redis-server installed${took(started)}`);
  throw new SetupError(
    `redis-server is missing and could not be installed: ${complaint ?? 'the package brought no redis-server'}.\n` +
      'The queue lives in Redis; quickstart and the tests start private ones of their own.\n' +
      'Install it (`sudo apt-get install redis-server`, `brew install redis`), then run the same command again.',
  );
}

/** One hash over everything that decides what pnpm would install. */
function fingerprint() {
  const hash = createHash('sha256');
  const manifests = ['apps', 'packages'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .map((name) => join(folder, name, 'package.json'))
      .sort((a, b) => a.localeCompare(b)),
  );
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    if (existsSync(join(ROOT, file))) hash.update(file).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8')).dependencies;
  } catch {
    return undefined;
  }
}

/** @param {string} dependencies */
function writeStamp(dependencies) {
  mkdirSync(dirname(STAMP), { recursive: true });
  const temporary = `${STAMP}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify({ dependencies }));
  renameSync(temporary, STAMP);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** @param {number} started */
function took(started) {
  return ` (${((performance.now() - started) / 1000).toFixed(1)} s)`;
}

/** Set-up as a command's first step: its failure is text and exit 1, never a stack trace of ours. */
export async function setUpOrExit() {
  try {
    await setUp();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUpOrExit();
  say('ready. Next: npm run quickstart');
}
