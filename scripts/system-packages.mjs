import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { exclusive } from './exclusive.mjs';

const APT = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];

/** @param {string} command @returns {boolean} whether it is on PATH (or where Debian keeps the administrator's) */
export function isInstalled(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, command)));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {string[] | undefined} what to put before apt-get; undefined: packages cannot be installed from here */
export function administrator() {
  if (!isInstalled('apt-get')) return undefined;
  if (process.getuid?.() === 0) return [];
  const sudo = isInstalled('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return sudo ? ['sudo', '-n'] : undefined;
}

/**
 * Installs Debian packages, one caller at a time. The lists are only fetched when the first try fails,
 * because a fresh container has none and a used machine need not wait for them.
 *
 * @param {string[]} packages
 * @returns {Promise<string | undefined>} why it did not work; undefined: installed
 */
export async function installPackages(packages) {
  const prefix = administrator();
  if (!prefix) return 'this needs apt-get and root, or sudo without a password';
  return exclusive('apt', async () => {
    if (aptGet(prefix, ['install', '-y', '--no-install-recommends', ...packages]) === undefined)
      return undefined;
    const update = aptGet(prefix, ['update']);
    const failed = aptGet(prefix, ['install', '-y', '--no-install-recommends', ...packages]);
    return failed === undefined ? undefined : `${failed}${update === undefined ? '' : `\n${update}`}`;
  });
}

/** @param {string[]} prefix @param {string[]} args @returns {string | undefined} its complaint; undefined: done */
function aptGet(prefix, args) {
  const [command = 'apt-get', ...rest] = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    ...APT,
    ...args,
  ];
  const run = spawnSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (run.status === 0) return undefined;
  return (run.stderr ?? '').trim() || run.error?.message || `apt-get ${args[0]} ended with ${run.status}`;
}
