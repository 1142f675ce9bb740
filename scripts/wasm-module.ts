/** The engine's WebAssembly modules, compiled, as TypeScript files that need no compiler to run. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './steps.ts';

/** Fetched when the sources have changed, and only then: with its dependency it takes 100 MB. */
const COMPILER = 'assemblyscript@0.28.20';
const OPTIONS = '-O3 --converge --noAssert --enable simd --runtime stub --initialMemory 16'.split(' ');

/** What is compiled is the file of that name in the directory of that name. */
export type WasmModule = 'deflate' | 'inflate' | 'cuts';

const sourcesOf = (name: WasmModule): string => `packages/archive/assembly/${name}`;

/** The file as it has to be. What is there stays when it was made from the same sources by the same compiler. */
export function renderWasmModule(name: WasmModule, present: string, compile: boolean): string {
  const module = /'([A-Za-z0-9+/=]+)';\n$/.exec(present)?.[1] ?? '';
  const kept = render(name, module);
  return kept === present || !compile ? kept : render(name, compiled(name));
}

function render(name: WasmModule, module: string): string {
  return `/**
 * Made from ${sourcesOf(name)} with ${COMPILER} by \`npm run generate\`.
 * SHA-256 of the sources, the compiler's options and the module: ${digest(name, module)}
 */
export const ${name.toUpperCase()}_MODULE =
  '${module}';
`;
}

function digest(name: WasmModule, module: string): string {
  const hash = createHash('sha256').update(JSON.stringify([COMPILER, OPTIONS, module]));
  const sources = join(ROOT, sourcesOf(name));
  for (const file of globSync('*.ts', { cwd: sources }).toSorted()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(sources, file)));
  }
  return hash.digest('hex');
}

function compiled(name: WasmModule): string {
  const scratch = mkdtempSync(join(tmpdir(), 'wasm-module-'));
  try {
    const out = join(scratch, 'module.wasm');
    const args = ['--yes', '-p', COMPILER, 'asc', `${name}.ts`, '-o', out, ...OPTIONS];
    const { status, error } = spawnSync('npx', args, {
      cwd: join(ROOT, sourcesOf(name)),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error(`npx ${args.join(' ')}: ${error?.message ?? `exit ${status}`}`);
    return readFileSync(out).toString('base64');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
