/**
 * `node bench/run.ts [--corpus charts,logs,mixed,names,text,small,sparse] [--size large|small] [--rounds 5] [--all] [--work 'First run']`
 * Every contender of a work runs once a round, in turn, so that a noisy minute hits all of them. Results are kept in
 * bench/results.json (later runs of the same work replace earlier ones); docs/performance.md is made from them.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../scripts/bundle.ts';
import { CHANGES } from './changes.ts';
import { type Contender, EVERYDAY, type Work } from './contenders.ts';
import { changeScript, makeCorpus, nameOf, oneFileOf, resetCorpus } from './corpora.ts';
import { measure, median, type Measurement, settle } from './measure.ts';
import { writeReport } from './report.ts';
import type { Figures, Results } from './results.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const CACHE = join(ROOT, '.cache/bench');
const RESULTS = join(ROOT, 'bench/results.json');
const { values } = parseArgs({
  options: {
    corpus: { type: 'string', default: 'charts,logs,mixed' },
    size: { type: 'string', default: 'large' },
    rounds: { type: 'string', default: '5' },
    work: { type: 'string' },
    all: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});

installPeers();
await bundleEngine();
const results = earlierResults();
for (const corpus of values.corpus.split(',')) {
  const source = join(CACHE, `corpus-${corpus}-${values.size}`);
  await makeCorpus(corpus, source, values.size);
  for (const work of worksOf(corpus).filter(({ title }) => !values.work || title.includes(values.work))) {
    results.works[`${nameOf(corpus, values.size)}/${work.title}`] = {
      corpus,
      size: values.size,
      work: work.title,
      date: new Date().toISOString().slice(0, 10),
      figures: contest(corpus, source, work),
    };
    writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
  }
}
writeReport(results, ROOT);

/** A corpus that was made for some works has no others. */
function worksOf(corpus: string): Work[] {
  const own = CHANGES.filter(({ corpora }) => corpora?.includes(corpus));
  return own.length > 0 ? own : EVERYDAY;
}

function contest(corpus: string, source: string, work: Work): Figures[] {
  const directory = join(CACHE, `work-${corpus}`);
  const restored = join(CACHE, 'restored');
  for (const path of [directory, restored]) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
  }
  process.env['SRC'] = source;
  process.env['RESTORED'] = restored;
  process.env['NODE'] = join(ROOT, 'node_modules/.bin/node');
  process.env['ENGINE'] = join(CACHE, 'engine/engine.js');
  process.env['ONE'] = oneFileOf(corpus, source);
  process.env['CHANGE'] = changeScript(corpus, source);
  const contenders = work.contenders.filter(({ name }) => !values.only || name.includes(values.only));
  const runs = new Map<Contender, Measurement[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const contender of contenders) runs.get(contender)?.push(once(contender, directory));
  }
  if (values.all) for (const contender of work.slow ?? []) runs.set(contender, [once(contender, directory)]);
  const figures = [...runs].map(([contender, of]) => figuresOf(contender, of, directory));
  console.log(`\n${corpus}: ${work.title}`);
  console.table(
    figures.map(({ name, wall, cpu, memory, bytes }) => ({ name, wall, cpu, MB: memory >> 20, bytes })),
  );
  for (const path of [directory, restored]) rmSync(path, { recursive: true, force: true });
  return figures;
}

function once(contender: Contender, directory: string): Measurement {
  resetCorpus(process.env['SRC']!);
  if (contender.before) measure(contender.before, directory);
  settle(process.env['SRC']!, directory);
  return measure(contender.script, directory);
}

function figuresOf({ name, size }: Contender, runs: Measurement[], directory: string): Figures {
  const of = (pick: (run: Measurement) => number) => median(runs.map(pick));
  const bytes = size && Number(execFileSync('sh', ['-c', size], { cwd: directory, encoding: 'utf8' }));
  return {
    name,
    wall: of((run) => run.wall),
    cpu: of((run) => run.cpu),
    memory: of((run) => run.memory),
    ...(bytes ? { bytes } : {}),
    runs: runs.length,
  };
}

/** The engine as users get it: bundled, with its threads and native calls beside it. */
async function bundleEngine(): Promise<void> {
  await bundle({ entryPoints: { engine: join(ROOT, 'bench/engine.ts') }, outdir: join(CACHE, 'engine') });
}

function installPeers(): void {
  const packages = {
    pigz: 'pigz',
    restic: 'restic',
    borg: 'borgbackup',
    zstd: 'zstd',
    '/usr/bin/time': 'time',
    python3: 'python3',
  };
  const missing = Object.entries(packages).filter(([command]) => {
    try {
      execFileSync('sh', ['-c', `command -v ${command}`]);
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return;
  console.log(`installing ${missing.map(([, name]) => name).join(', ')}`);
  execFileSync('apt-get', [
    '-qq',
    'install',
    '-y',
    '--no-install-recommends',
    ...missing.map(([, name]) => name),
  ]);
}

function earlierResults(): Results {
  const machine = `${cpus().length} cores, ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  mkdirSync(CACHE, { recursive: true });
  if (!existsSync(RESULTS)) return { machine, works: {} };
  return { ...(JSON.parse(readFileSync(RESULTS, 'utf8')) as Results), machine };
}
