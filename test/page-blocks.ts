/** The commands of a page of the documentation, so that tests run what people will copy. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '../docs');

/** The `sh` blocks of `docs/<name>` by the heading they stand under. */
export function blocksOf(name: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const section of readFileSync(join(DOCS, name), 'utf8').split(/^## /m)) {
    const heading = section.slice(0, section.indexOf('\n'));
    const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code!);
    if (blocks.length > 0) sections.set(heading, blocks);
  }
  return sections;
}
