/** The dashboard's script as browsers get it: one file, with what it shares with the server in it. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './steps.ts';

const BANNER = '/* Made by `npm run generate` from apps/dashboard/browser/dashboard.js. */';

export async function renderBrowserScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'apps/dashboard/browser/dashboard.js')],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    banner: { js: BANNER },
    // paths in comments would be those of this machine's working directory
    absWorkingDir: ROOT,
  });
  return outputFiles[0]!.text;
}
