/**
 * `node bench/growth.ts [--at DIRECTORY] [--rounds 3] [--files 10000,100000,1000000] [--print]`: what a file costs in trees of
 * more and more small files. The section and its chart go into docs by the run; `--print` only prints it. The trees lie
 * in memory (/dev/shm), the archives below .cache; a million files take 5 GB of each.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../scripts/bundle.ts';
import { type Growth, growthChart, growthText } from './growth-report.ts';
import { makeTree } from './growth-tree.ts';
import { measure, median, type Measurement } from './measure.ts';
import { GROWTH, replaceSection } from './section.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const CACHE = join(ROOT, '.cache/bench');
const { values } = parseArgs({
  options: {
    at: { type: 'string', default: '/dev/shm/gofr-growth' },
    rounds: { type: 'string', default: '3' },
    files: { type: 'string', default: '10000,100000,1000000' },
    print: { type: 'boolean', default: false },
  },
});
/** A run with so few tells what it costs to start. */
const HANDFUL = 5;
const SIZES = [HANDFUL, ...values.files.split(',').map(Number)];

/** The works, in an order in which each finds what it needs. Before a run that is not counted nothing is there. */
const WORKS: Record<string, { script: string; before?: string }> = {
  'first run': { script: '$RUN create first.tgz gzip 6 "$SRC"' },
  'copied run': { script: '$RUN create next.tgz gzip 6 "$SRC" first.tgz copy' },
  'linked run': { script: '$RUN create next.tgz gzip 6 "$SRC" first.tgz link' },
  verify: { script: '$RUN verify first.tgz' },
  restore: {
    before: 'rm -rf "$RESTORED"; mkdir -p "$RESTORED"',
    script: '$RUN extract first.tgz "$RESTORED"',
  },
  'find -printf': { script: `find "$SRC" -printf '%p %y %s %m %U %G %T@ %C@ %i %n\\n' >/dev/null` },
};

/** As the image runs it. */
const OPTIONS = /^ENV NODE_ENV=production (?<environment>.*)$/m;

await bundle({ entryPoints: { engine: join(ROOT, 'bench/engine.ts') }, outdir: join(CACHE, 'engine') });
const growth: Growth = { works: {} };
try {
  for (const files of SIZES) grow(files);
} finally {
  rmSync(values.at, { recursive: true, force: true });
}
const text = growthText(growth, `${cpus().length} cores, ${cpus()[0]?.model.trim()}`);
if (values.print) console.log(text);
else {
  writeFileSync(join(ROOT, 'docs/growth.svg'), growthChart(growth));
  replaceSection(join(ROOT, 'docs/performance.md'), GROWTH, text);
}

/** All works on one tree, which is removed behind them. */
function grow(files: number): void {
  const directory = join(CACHE, 'work-growth');
  const source = join(values.at, String(files));
  mkdirSync(directory, { recursive: true });
  makeTree(source, files);
  process.env['SRC'] = source;
  process.env['RESTORED'] = join(values.at, 'restored');
  process.env['RUN'] =
    `env ${environment()} ${join(ROOT, 'node_modules/.bin/node')} ${CACHE}/engine/engine.js`;
  for (const [work, { script, before = ':' }] of Object.entries(WORKS)) {
    const runs = Array.from({ length: Number(values.rounds) }, () => {
      measure(before, directory);
      execFileSync('sync');
      return measure(`eval "${script.replaceAll('"', '\\"')}"`, directory);
    });
    (growth.works[work] ??= []).push({ files, ...medians(runs) });
    console.log(files, work, medians(runs));
  }
  for (const path of [directory, source, process.env['RESTORED']])
    rmSync(path, { recursive: true, force: true });
}

function environment(): string {
  const file = execFileSync('cat', [join(ROOT, 'docker/Dockerfile.backup')], { encoding: 'utf8' });
  return OPTIONS.exec(file)!.groups!['environment']!;
}

function medians(runs: Measurement[]): Measurement {
  const of = (pick: (run: Measurement) => number) => median(runs.map(pick));
  return { wall: of((run) => run.wall), cpu: of((run) => run.cpu), memory: of((run) => run.memory) };
}
