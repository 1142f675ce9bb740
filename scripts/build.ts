/**
 * `npm run build`: one folder an app, apps/<app>/dist, that runs on Node 24 without node_modules.
 * `node scripts/build.ts [--into DIR] [--revision REV] [app…]`; `--into` writes DIR/<app> instead; `--check` bundles into memory
 * only. The revision is git's, where the sources are a checkout; the image, which has no .git, is told it.
 */
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BuildOptions } from 'esbuild';
import { formatCount, formatSize } from '@gofr-backup/model/format';
import { bundle } from './bundle.ts';
import { ROOT, revisionOf } from './steps.ts';

const { values, positionals } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    into: { type: 'string' },
    revision: { type: 'string' },
  },
  allowPositionals: true,
});
const revision = values.revision === 'unknown' ? undefined : (values.revision ?? (await revisionOf(ROOT)));
const apps = positionals.length > 0 ? positionals : ['cli', 'scheduler', 'worker', 'dashboard'];

try {
  for (const app of apps) await bundleApp(app);
} catch {
  process.exitCode = 1; // esbuild has said why
}

async function bundleApp(app: string): Promise<void> {
  const outdir = values.into === undefined ? join(ROOT, 'apps', app, 'dist') : resolve(values.into, app);
  if (!values.check) rmSync(outdir, { recursive: true, force: true });
  const files = await bundle({ ...optionsFor(app), outdir, write: !values.check });
  if (!values.check && app === 'dashboard') copyAssets(outdir);
  const outputs = Object.values(files);
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  console.log(`${app}: ${formatSize(bytes)} in ${formatCount(outputs.length, 'file')}`);
}

function optionsFor(app: string): BuildOptions {
  return {
    entryPoints: { main: join(ROOT, 'apps', app, 'src/main.ts') },
    // flat, so that every chunk has its workers beside it
    chunkNames: '[name]-[hash]',
    define: {
      'process.env.NODE_ENV': '"production"',
      ...(revision !== undefined && { BUILT_FROM: JSON.stringify(revision) }),
    },
    sourcemap: false,
    legalComments: 'linked',
  };
}

/** What the dashboard serves as files: bull-board's page, and its own with the chart library. */
function copyAssets(outdir: string): void {
  const require = createRequire(join(ROOT, 'apps/dashboard/package.json'));
  const ui = dirname(require.resolve('@bull-board/ui/package.json'));
  cpSync(join(ui, 'dist'), join(outdir, 'bull-board-ui/dist'), { recursive: true });
  cpSync(join(ROOT, 'apps/dashboard/assets'), join(outdir, 'assets'), { recursive: true });
}
