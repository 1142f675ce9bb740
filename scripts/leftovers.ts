import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Leftover {
  pid: number;
  command: string;
}

/**
 * Processes that still work below `directory` once everybody who should stop them is gone. They get `grace`
 * milliseconds to end; Linux only (it reads /proc).
 */
export async function leftoversIn(directory: string, grace = 10_000): Promise<Leftover[]> {
  const deadline = performance.now() + grace;
  let found = workingIn(directory);
  while (found.length > 0 && performance.now() < deadline) {
    await sleep(100);
    found = workingIn(directory);
  }
  return found;
}

function workingIn(directory: string): Leftover[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const inside = command.includes(directory) || readlinkSync(`/proc/${name}/cwd`).startsWith(directory);
        return inside ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}
