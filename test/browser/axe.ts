import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Frame, Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Rules of WCAG 2.2 A and AA and axe's best practices; answers what breaks them. A frame is looked at by itself. */
export async function axe(of: Page | Frame): Promise<string[]> {
  await of.evaluate(await readFile(AXE, 'utf8'));
  return of.evaluate(async () => {
    const loaded = (globalThis as unknown as { axe: typeof import('axe-core') }).axe;
    const { violations } = await loaded.run({ iframes: false });
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
    );
  });
}
