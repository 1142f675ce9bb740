/** `npm run generate`: writes every generated file; `--check` only says which are stale. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  renderComposeSettings,
  renderConfigurationDoc,
  renderEnvExample,
  renderErrorsDoc,
} from '@gofr-backup/config';
import { format, resolveConfig } from 'prettier';
import { readArchitecture } from './architecture/imports.ts';
import { drawArchitecture } from './architecture/picture.ts';
import { renderBrowserScript } from './browser-script.ts';
import { ROOT } from './steps.ts';
import { renderWasmModule } from './wasm-module.ts';

const check = process.argv.includes('--check');

/** Each makes the file's text; the compose files keep all but their generated block. */
const GENERATED: Record<string, (present: string) => string | Promise<string>> = {
  'docs/configuration.md': renderConfigurationDoc,
  'docs/errors.md': renderErrorsDoc,
  'docs/architecture.svg': () =>
    drawArchitecture(readArchitecture(ROOT), new Set(readdirSync(join(ROOT, 'apps')))),
  'docker/.env.example': renderEnvExample,
  'docker/docker-compose.yml': renderComposeSettings,
  'docker/docker-compose.single.yml': renderComposeSettings,
  'apps/dashboard/assets/dashboard.js': renderBrowserScript,
  'packages/archive/src/codec/deflate-wasm.ts': (present) => renderWasmModule('deflate', present, !check),
  'packages/archive/src/codec/inflate-wasm.ts': (present) => renderWasmModule('inflate', present, !check),
  'packages/archive/src/index/cuts-wasm.ts': (present) => renderWasmModule('cuts', present, !check),
};

let stale = 0;
for (const [file, render] of Object.entries(GENERATED)) {
  const path = join(ROOT, file);
  const present = current(path);
  const wanted = await inHouseStyle(path, await render(present ?? ''));
  if (wanted === present) continue;
  stale += 1;
  if (!check) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
  }
  console.log(`${file} ${check ? 'is stale' : 'written'}`);
}
if (check && stale > 0) process.exitCode = 1;

async function inHouseStyle(path: string, text: string): Promise<string> {
  if (!/\.(md|js)$/.test(path)) return text;
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
