/**
 * `node bench/around.ts [--main apps/cli/dist/main.js] [--rounds 3]`: what is around the archive, and whether it grows
 * with the number of backups. Every archive is of a few hundred bytes, so what is measured is all the rest. Needs
 * `npm run build`. The table goes into docs/performance.md; `--print` only prints it, to compare with another build.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BackupDirectory, makeBackupDirectory } from './backup-directories.ts';
import { measure, median } from './measure.ts';
import { AROUND, replaceSection } from './section.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const { values } = parseArgs({
  options: {
    main: { type: 'string', default: join(ROOT, 'apps/cli/dist/main.js') },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    most: { type: 'string', default: '5000' },
    print: { type: 'boolean', default: false },
  },
});
const MAIN = resolve(values.main);
const SCRATCH = join(ROOT, '.cache/bench/around');
mkdirSync(SCRATCH, { recursive: true });

interface Work {
  title: string;
  counts: number[];
  shared?: boolean;
  /** every round has a directory of its own */
  changes?: boolean;
  /** CPU seconds */
  run(on: BackupDirectory, count: number): Promise<number> | number;
}

const command =
  (args: string, settings: (count: number) => Record<string, string> = () => ({})) =>
  ({ root, environment }: BackupDirectory, count: number): number => {
    Object.assign(process.env, environment, settings(count));
    try {
      return measure(`"${process.execPath}" "${MAIN}" ${args}`, root).cpu;
    } finally {
      for (const name of Object.keys(settings(count))) delete process.env[name];
    }
  };
const half = (count: number) => ({ GOFR_PLOT_BACKUP_RETENTION_DAYS: String(count / 2) });
const MANY = [10, 100, 1000, 5000];

const WORKS: Work[] = [
  {
    title: '`now`, distinct archives',
    counts: MANY,
    run: (on, count) => {
      writeFileSync(join(on.root, 'data/storage/notes.txt'), `changed at ${performance.now()}\n`);
      return command('now')(on, count);
    },
  },
  { title: '`now`, names of one archive', counts: MANY, shared: true, run: command('now') },
  { title: '`list`', counts: MANY, run: command('list') },
  { title: '`status`', counts: MANY, run: command('status') },
  { title: '`prune --dry-run`', counts: MANY, run: command('prune --dry-run', half) },
  {
    title: '`prune` that removes half',
    counts: [100, 200, 400, 800],
    changes: true,
    run: command('prune', half),
  },
  { title: '`verify --all`, distinct archives', counts: [25, 50, 100, 200], run: command('verify --all') },
  {
    title: '`verify --all`, names of one archive',
    counts: MANY,
    shared: true,
    run: command('verify --all'),
  },
  { title: 'dashboard, until its first page', counts: MANY, run: firstPage },
  { title: '`serve`, until it is quiet', counts: MANY, run: untilQuiet },
];

const rows: { title: string; figures: [count: number, cpu: number][] }[] = [];
for (const work of WORKS.filter(({ title }) => !values.only || title.includes(values.only))) {
  const figures: [number, number][] = [];
  for (const count of work.counts.filter((one) => one <= Number(values.most)))
    figures.push([count, await figureOf(work, count)]);
  rows.push({ title: work.title, figures });
  console.log(work.title, figures.map(([count, cpu]) => `${count}: ${cpu.toFixed(2)} s`).join(', '));
}
const text = table();
if (values.print) console.log(text);
else replaceSection(join(ROOT, 'docs/performance.md'), AROUND, text);

async function figureOf({ run, shared = false, changes = false }: Work, count: number): Promise<number> {
  const directory = join(SCRATCH, `${count}${shared ? '-shared' : ''}`);
  const make = () => makeBackupDirectory(directory, MAIN, { count, shared });
  let on = await make();
  const runs: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    if (changes && round > 0) on = await make();
    runs.push(await run(on, count));
  }
  return median(runs);
}

function table(): string {
  const lines = rows.map(({ title, figures }) => {
    const cells = figures.map(([count, cpu]) => `${count.toLocaleString('en')}: ${cpu.toFixed(2)} s`);
    return `| ${title} | ${cells.join(' | ')} |`;
  });
  return `CPU seconds of a command and all its children, for so many backups; medians of ${values.rounds}. Every archive has a few hundred
bytes, so that this is what lies around it: lock, catalogue, manifest, retention, the process itself. Made by \`node bench/around.ts\`.

| work | | | | |
| --- | ---: | ---: | ---: | ---: |
${lines.join('\n')}`;
}

/** Of the dashboard alone, from its start. */
async function firstPage({ environment }: BackupDirectory): Promise<number> {
  const port = await freePort();
  return ofService(
    'dashboard',
    { ...environment, GOFR_PLOT_BACKUP_DASHBOARD_PORT: String(port) },
    async () => {
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
        if (answer?.ok) return void (await answer.text());
        await sleep(50);
      }
    },
  );
}

/** Of the service alone, until it has done next to nothing for two seconds. */
function untilQuiet({ environment }: BackupDirectory): Promise<number> {
  return ofService('serve', environment, async (cpu) => {
    for (let before = -1; cpu() - before > 0.05; await sleep(2000)) before = cpu();
  });
}

async function ofService(
  name: string,
  environment: NodeJS.ProcessEnv,
  until: (cpu: () => number) => Promise<void>,
): Promise<number> {
  const service = spawn(process.execPath, [MAIN, name], { env: environment, stdio: 'ignore' });
  const ended = new Promise((resolve) => service.once('exit', resolve));
  const cpu = () => cpuOf(service.pid ?? 0);
  try {
    await until(cpu);
    return cpu();
  } finally {
    service.kill('SIGTERM');
    await ended;
  }
}

/** Ticks of a hundredth second; the name of the program may hold anything, hence the last `)`. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((answer) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => answer(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
