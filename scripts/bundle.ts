/** What every bundle of the program is made of, be it an app or the engine alone for the bench. */
import { cpSync, globSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { ROOT } from './steps.ts';

/** Dependencies in CommonJS call require() and __dirname, which a module has not. */
const BANNER = [
  `import { createRequire as __createRequire } from 'node:module';`,
  `import { fileURLToPath as __fileURLToPath } from 'node:url';`,
  `const require = __createRequire(import.meta.url);`,
  `const __filename = __fileURLToPath(import.meta.url);`,
  `const __dirname = __fileURLToPath(new URL('.', import.meta.url));`,
].join('\n');

export const BUNDLE = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  banner: { js: BANNER },
  // type-only and optional natives of dependencies: used when present, never required
  external: ['koffi', 'cpu-features', 'msgpackr-extract', 'pino-pretty', '@napi-rs/nice', 'pg'],
  // names stay, because errors are told by them
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * The program as chunks that are loaded when they are needed, and each thread as one file beside them: a chunk that it
 * shared with the program would bring along what only the program uses.
 */
export async function bundle(options: BuildOptions & { outdir: string }): Promise<Metafile['outputs']> {
  const common = { ...BUNDLE, ...options, metafile: true } as const;
  const program = await build(common);
  const threads = await build({ ...common, splitting: false, entryPoints: workerEntries() });
  if (options.write !== false) {
    copyNative(options.outdir);
    // else Node compiles each file once more, to find out that it is a module
    writeFileSync(join(options.outdir, 'package.json'), '{ "type": "module" }\n');
  }
  return { ...program.metafile.outputs, ...threads.metafile.outputs };
}

/** Threads of the engine, and the process that opens databases: found at run time as siblings, `./<name>.js`. */
export function workerEntries(): Record<string, string> {
  const own = globSync('packages/*/src/**/*-worker.ts', { cwd: ROOT });
  return Object.fromEntries(own.map((file) => [basename(file, '.ts'), join(ROOT, file)]));
}

/** koffi with its binaries for this processor, of glibc and musl: what the bundle finds in node_modules beside it. */
export function copyNative(outdir: string): void {
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
