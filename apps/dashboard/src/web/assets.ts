/** The dashboard's own static files, read once, with their content in the address so browsers may keep them. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

const TYPES = {
  'dashboard.css': 'text/css; charset=utf-8',
  'dashboard.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** In a bundle everything lies in `assets` beside it; from the source each in its place. */
function placeOf(name: string): URL {
  const bundled = new URL(`./assets/${name}`, import.meta.url);
  if (existsSync(bundled)) return bundled;
  return new URL(`../../assets/${name}`, import.meta.url);
}

export interface Asset {
  body: Buffer;
  type: string;
}

export interface Assets {
  /** `dashboard.css` as it is asked for: `dashboard.1a2b3c4d.css` */
  hashed(name: string): string;
  find(hashed: string): Asset | undefined;
}

export async function loadAssets(): Promise<Assets> {
  const names = new Map<string, string>();
  const assets = new Map<string, Asset>();
  for (const [name, type] of Object.entries(TYPES)) {
    const body = await readFile(placeOf(name));
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
    const hashed = name.replace('.', `.${hash}.`);
    names.set(name, hashed);
    assets.set(hashed, { body, type });
  }
  return { hashed: (name) => names.get(name) ?? name, find: (hashed) => assets.get(hashed) };
}
