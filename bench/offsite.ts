/**
 * `node bench/offsite.ts [--size third|small|large] [--rounds 3] [--only 'First']`: copies in a store, against restic and
 * `rclone sync` of the whole archives, all to one Ceph gateway on this machine. Needs `npm run build`. Every contender runs once a
 * round, in turn; what comes before the work that is asked for is done, too, and not kept. Results are kept in bench/offsite.json; the tables go into docs/performance.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { objectServer, proxyTo } from '@gofr-backup/testing';
import { changeScript, makeCorpus, oneFileOf, resetCorpus } from './corpora.ts';
import { measure, median, type Measurement, settle } from './measure.ts';
import { CONTENDERS, type Peer, type Place } from './offsite-peers.ts';
import { type OffsiteResults, writeOffsite } from './offsite-report.ts';
import { spaceAfterMonth } from './offsite-space.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const CACHE = join(ROOT, '.cache/bench');
const RESULTS = join(ROOT, 'bench/offsite.json');
const { values } = parseArgs({
  options: {
    corpus: { type: 'string', default: 'charts,logs' },
    size: { type: 'string', default: 'third' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    main: { type: 'string', default: join(ROOT, 'apps/cli/dist/main.js') },
  },
});

await using server = await objectServer();
await using counted = await proxyTo(Number(new URL(server.endpoint).port));
const results: OffsiteResults = existsSync(RESULTS)
  ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as OffsiteResults)
  : {};
const wanted = (work: string): boolean => work.includes(values.only);
const keep = (): void => writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);

for (const corpus of values.corpus.split(',')) {
  const source = join(CACHE, `corpus-${corpus}-${values.size}`);
  mkdirSync(CACHE, { recursive: true });
  await makeCorpus(corpus, source, values.size);
  for (const peer of CONTENDERS) await contest(corpus, source, peer);
}
keep();
if (wanted('Space')) {
  await makeCorpus('charts', join(CACHE, 'corpus-charts-small'), 'small');
  results['Space after 30 days'] = await spaceAfterMonth(placeOf('charts', 'small'), server);
}
keep();
writeOffsite(results, { size: values.size, rounds: Number(values.rounds) }, ROOT);

function placeOf(corpus: string, size = values.size): Place {
  const source = join(CACHE, `corpus-${corpus}-${size}`);
  const { endpoint, accessKey, secretKey } = server;
  return {
    corpus,
    source,
    endpoint,
    accessKey,
    secretKey,
    main: values.main,
    one: oneFileOf(corpus, source),
  };
}

/** One life for each round: first copy, nothing changed, 1 % changed, restore, one file. */
async function contest(corpus: string, source: string, peer: Peer): Promise<void> {
  const directory = join(CACHE, 'offsite');
  const runs: Record<string, Measurement[]> = {};
  const sent: Record<string, number> = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    resetCorpus(source);
    const place = placeOf(corpus);
    const life = peer.life(place, `${corpus}-${peer.name.replaceAll(/\W/g, '')}-${round}`);
    measure(life.prepare, directory);
    const last = life.works.findLastIndex(({ work }) => wanted(work));
    for (const { work, before, script, throughProxy } of life.works.slice(0, last + 1)) {
      if (before) measure(before.replaceAll('$CHANGE', changeScript(corpus, source)), directory);
      settle(source, directory);
      const stored = bytesIn(life.size, directory);
      (runs[work] ??= []).push(measure(script, directory));
      sent[work] = bytesIn(life.size, directory) - stored;
      if (throughProxy && round === 0) sent[work] = await received(throughProxy, directory);
      console.log(corpus, peer.name, work, runs[work].at(-1), sent[work]);
    }
    measure(life.end, directory);
  }
  for (const [work, all] of Object.entries(runs).filter(([title]) => wanted(title))) {
    const of = (pick: (run: Measurement) => number): number => median(all.map(pick));
    const figures = { wall: of((r) => r.wall), cpu: of((r) => r.cpu), memory: of((r) => r.memory) };
    (results[`${work}: ${corpus}`] ??= {})[peer.name] = { ...figures, bytes: sent[work]!, runs: all.length };
  }
}

/** Bytes that came from the server while the script ran. */
async function received(script: (endpoint: string) => string, directory: string): Promise<number> {
  const before = counted.received;
  const child = spawn('sh', ['-ec', script(`http://127.0.0.1:${counted.port}`)], {
    cwd: directory,
    stdio: 'ignore',
  });
  await once(child, 'close');
  return counted.received - before;
}

function bytesIn(script: string, directory: string): number {
  const out = join(directory, 'size');
  measure(`${script} >${out}`, directory);
  const { bytes } = JSON.parse(readFileSync(out, 'utf8')) as { bytes: number };
  return bytes;
}
