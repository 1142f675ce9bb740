/** Parts of docs/performance.md that are not made by bench/run.ts, which leaves them as they are. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Made by bench/around.ts. */
export const AROUND = 'Around the archive';
/** Made by bench/page.ts. */
export const PAGE = 'The first page';
/** Made by bench/growth.ts. */
export const GROWTH = 'Growth';
/** Made by bench/offsite.ts. */
export const OFFSITE = 'Copies in a store';
/** Written by hand. */
export const TRIED = 'What was tried';

const endOf = (title: string): string => `<!-- end of: ${title} -->`;

/** With its heading; empty when the page has none. */
export function sectionOf(path: string, title: string): string {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const from = page.indexOf(`\n## ${title}\n`);
  const to = page.indexOf(endOf(title));
  return from < 0 || to < from ? '' : page.slice(from + 1, to + endOf(title).length);
}

/** In its place, or at the end. */
export function replaceSection(path: string, title: string, text: string): void {
  const before = sectionOf(path, title);
  const section = `## ${title}\n\n${text}\n\n${endOf(title)}`;
  const page = readFileSync(path, 'utf8');
  writeFileSync(path, before ? page.replace(before, () => section) : `${page.trimEnd()}\n\n${section}\n`);
  execFileSync(join(dirname(path), '../node_modules/.bin/prettier'), ['--write', path]);
}
