/** The engine's WebAssembly modules, compiled, as TypeScript files that need no compiler to run. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './steps.ts';

/** Fetched when the sources have changed, and only then: with its dependency it takes 100 MB. */
const COMPILER = 'assemblyscript@0.28.20';
const OPTIONS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--initialMemory', '16'];

export interface WasmModule {
  /** the file that is compiled, with what it imports, without extension */
  name: string;
  /** where its sources are, from the root */
  sources: string;
  options?: string[];
}

/** The file as it has to be. What is there stays when it was made from the same sources by the same compiler. */
export function renderWasmModule(wanted: WasmModule, present: string, compile: boolean): string {
  const module = /'([A-Za-z0-9+/=]+)';\n$/.exec(present)?.[1] ?? '';
  const kept = render(wanted, module);
  return kept === present || !compile ? kept : render(wanted, compiled(wanted));
}

function render(wanted: WasmModule, module: string): string {
  return `/**
 * Made from ${wanted.sources} with ${COMPILER} by \`npm run generate\`.
 * SHA-256 of the sources, the compiler's options and the module: ${digest(wanted, module)}
 */
export const ${wanted.name.toUpperCase()}_MODULE =
  '${module}';
`;
}

function digest(wanted: WasmModule, module: string): string {
  const hash = createHash('sha256').update(JSON.stringify([COMPILER, optionsOf(wanted), module]));
  const sources = join(ROOT, wanted.sources);
  for (const file of globSync('*.ts', { cwd: sources }).toSorted()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(sources, file)));
  }
  return hash.digest('hex');
}

function optionsOf({ options = [] }: WasmModule): string[] {
  return [...OPTIONS, ...options];
}

function compiled(wanted: WasmModule): string {
  const scratch = mkdtempSync(join(tmpdir(), 'wasm-module-'));
  try {
    const out = join(scratch, 'module.wasm');
    const args = ['--yes', '-p', COMPILER, 'asc', `${wanted.name}.ts`, '-o', out, ...optionsOf(wanted)];
    const { status, error } = spawnSync('npx', args, {
      cwd: join(ROOT, wanted.sources),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error(`npx ${args.join(' ')}: ${error?.message ?? `exit ${status}`}`);
    return readFileSync(out).toString('base64');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
