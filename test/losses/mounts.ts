/** Mounts below a directory, and whether this process may make any. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function mount(what: string[], place: string): void {
  mkdirSync(place, { recursive: true });
  execFileSync('mount', [...what, place]);
}

/** Innermost first. */
export function mountsIn(base: string): string[] {
  if (!existsSync('/proc/self/mountinfo')) return [];
  const places = readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  return places
    .filter((place) => place.startsWith(`${base}/`))
    .toSorted()
    .reverse();
}

export function unmountAll(base: string): void {
  for (const place of mountsIn(base)) execFileSync('umount', ['-l', place]);
}

export function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const place = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    mount(['--bind', place], place);
    execFileSync('umount', [place]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
