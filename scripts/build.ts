/**
 * `npm run build`: one folder an app, apps/<app>/dist, that runs on Node 24 without node_modules.
 * `node scripts/build.ts [--into DIR] [app…]`; `--into` writes DIR/<app> instead; `--check` bundles into memory only.
 */
import { cpSync, globSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import { formatCount, formatSize } from '@gofr-backup/model/format';
import { ROOT } from './steps.ts';

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false }, into: { type: 'string' } },
  allowPositionals: true,
});
const apps = positionals.length > 0 ? positionals : ['cli', 'scheduler', 'worker', 'dashboard'];

/** Dependencies in CommonJS call require() and __dirname, which a module has not. */
const BANNER = [
  `import { createRequire as __createRequire } from 'node:module';`,
  `import { fileURLToPath as __fileURLToPath } from 'node:url';`,
  `const require = __createRequire(import.meta.url);`,
  `const __filename = __fileURLToPath(import.meta.url);`,
  `const __dirname = __fileURLToPath(new URL('.', import.meta.url));`,
].join('\n');

try {
  for (const app of apps) await bundle(app);
} catch {
  process.exitCode = 1; // esbuild has said why
}

async function bundle(app: string): Promise<void> {
  const outdir = values.into === undefined ? join(ROOT, 'apps', app, 'dist') : resolve(values.into, app);
  if (!values.check) rmSync(outdir, { recursive: true, force: true });
  const { metafile } = await build({ ...optionsFor(app), outdir, write: !values.check, metafile: true });
  if (!values.check) copyNative(outdir);
  if (!values.check && app === 'dashboard') copyAssets(outdir);
  const outputs = Object.values(metafile.outputs);
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  console.log(`${app}: ${formatSize(bytes)} in ${formatCount(outputs.length, 'file')}`);
}

function optionsFor(app: string): BuildOptions {
  return {
    entryPoints: { main: join(ROOT, 'apps', app, 'src/main.ts'), ...workerEntries() },
    bundle: true,
    // flat, so that every chunk has its workers beside it
    chunkNames: '[name]-[hash]',
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: BANNER },
    // type-only and optional natives of dependencies: used when present, never required
    external: ['koffi', 'msgpackr-extract', 'pino-pretty', '@napi-rs/nice', 'pg'],
    define: { 'process.env.NODE_ENV': '"production"' },
    sourcemap: false,
    legalComments: 'linked',
    logLevel: 'warning',
  };
}

/** Threads of the engine, and the process that opens databases: found at run time as siblings, `./<name>.js`. */
function workerEntries(): Record<string, string> {
  const own = globSync('packages/*/src/**/*-worker.ts', { cwd: ROOT });
  return Object.fromEntries(own.map((file) => [basename(file, '.ts'), join(ROOT, file)]));
}

/** koffi with its binaries for this processor, of glibc and musl: what the bundle finds in node_modules beside it. */
function copyNative(outdir: string): void {
  const posix = createRequire(join(ROOT, 'packages/posix/package.json'));
  const main = posix.resolve('koffi');
  const koffi = dirname(main);
  const binaries = `@koromix/koffi-${process.platform}-${process.arch}`;
  const into = join(outdir, 'node_modules');
  for (const file of [
    'package.json',
    'LICENSE.txt',
    ...globSync(['index.cjs', 'src/**/*.cjs'], { cwd: koffi }),
  ])
    cpSync(join(koffi, file), join(into, 'koffi', file));
  const from = dirname(createRequire(main).resolve(`${binaries}/package.json`));
  cpSync(from, join(into, binaries), { recursive: true, dereference: true });
}

/** What the dashboard serves as files: bull-board's page, and its own with the chart library. */
function copyAssets(outdir: string): void {
  const require = createRequire(join(ROOT, 'apps/dashboard/package.json'));
  const ui = dirname(require.resolve('@bull-board/ui/package.json'));
  const charts = dirname(require.resolve('uplot/package.json'));
  cpSync(join(ui, 'dist'), join(outdir, 'bull-board-ui/dist'), { recursive: true });
  cpSync(join(ROOT, 'apps/dashboard/assets'), join(outdir, 'assets'), { recursive: true });
  cpSync(join(charts, 'dist/uPlot.iife.min.js'), join(outdir, 'assets/uplot.js'));
  cpSync(join(charts, 'dist/uPlot.min.css'), join(outdir, 'assets/uplot.css'));
}
