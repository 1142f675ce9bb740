/** The section of CHANGELOG.md about a version: the notes of its release. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../steps.ts';
import type { Release } from './release.ts';

/** The text below `## 1.2.3` or `## 1.2.3 - 2026-11-30` up to the next version; undefined: there is none. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const heading = new RegExp(String.raw`^## \[?${RegExp.escape(version)}\]?(?: .*)?$`, 'm').exec(changelog);
  if (!heading) return undefined;
  const rest = changelog.slice(heading.index + heading[0].length);
  const text = rest.slice(0, /^## /m.exec(rest)?.index).trim();
  return text === '' ? undefined : text;
}

export function notesOf({ version, trial }: Pick<Release, 'version' | 'trial'>): string | undefined {
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  return sectionOf(changelog, version) ?? (trial ? sectionOf(changelog, 'Unreleased') : undefined);
}

export function writeNotes(release: Release): void {
  writeFileSync(join(release.out, 'NOTES.md'), `${notesOf(release) ?? 'Nothing that users notice.'}\n`);
}
