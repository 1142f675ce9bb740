/** The deflate module: packages/core/assembly, compiled, as a TypeScript file that needs no compiler to run. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './steps.ts';

const SOURCES = join(ROOT, 'packages/core/assembly');
/** Fetched when the sources have changed, and only then: with its dependency it takes 100 MB. */
const COMPILER = 'assemblyscript@0.28.20';
const OPTIONS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--initialMemory', '16'];

/** The file as it has to be. What is there stays when it was made from the same sources by the same compiler. */
export function renderDeflateModule(present: string, compile: boolean): string {
  const module = /'([A-Za-z0-9+/=]+)';\n$/.exec(present)?.[1] ?? '';
  const kept = render(module);
  return kept === present || !compile ? kept : render(compiled());
}

function render(module: string): string {
  return `/**
 * Made from packages/core/assembly with ${COMPILER} by \`npm run generate\`.
 * SHA-256 of the sources, the compiler's options and the module: ${digest(module)}
 */
export const DEFLATE_MODULE =
  '${module}';
`;
}

function digest(module: string): string {
  const hash = createHash('sha256').update(JSON.stringify([COMPILER, OPTIONS, module]));
  for (const file of globSync('*.ts', { cwd: SOURCES }).toSorted()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(SOURCES, file)));
  }
  return hash.digest('hex');
}

function compiled(): string {
  const scratch = mkdtempSync(join(tmpdir(), 'deflate-module-'));
  try {
    const out = join(scratch, 'deflate.wasm');
    const args = ['--yes', '-p', COMPILER, 'asc', 'deflate.ts', '-o', out, ...OPTIONS];
    const { status, error } = spawnSync('npx', args, {
      cwd: SOURCES,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error(`npx ${args.join(' ')}: ${error?.message ?? `exit ${status}`}`);
    return readFileSync(out).toString('base64');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
