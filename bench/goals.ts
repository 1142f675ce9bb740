/** What the engine is meant to reach: so many times as fast as a peer in the same run, on two cores. */
import type { Figures, Results } from './results.ts';

interface Goal {
  work: string;
  corpus: string;
  /** of ours and of the peer the first whose name begins so */
  ours: string;
  peer: string;
  times: number;
}

/** Bytes at the peak, in any work on the large corpora. */
const MOST_MEMORY = 160 * 2 ** 20;

const GOALS: Goal[] = [
  ...goals('First run', 'gofr-backup, gzip 6', {
    charts: { 'tar | pigz': 3.5, 'restic init': 3 },
    logs: { 'tar | pigz': 1.4, 'restic init': 1.1 },
  }),
  ...goals('Second run, nothing changed', 'gofr-backup, every', {
    charts: { 'restic backup': 1, 'cat and sha256sum': 1 },
    logs: { 'restic backup': 1, 'cat and sha256sum': 1 },
  }),
  ...goals('Second run, nothing changed', 'gofr-backup, linked', {
    charts: { 'restic backup': 5 },
    logs: { 'restic backup': 5 },
  }),
  ...goals('Second run, 1 % changed, logs appended', 'gofr-backup', {
    charts: { 'tar | pigz': 6, 'restic backup': 1 },
    logs: { 'tar | pigz': 10, 'restic backup': 1 },
  }),
  ...goals('Restore of everything', 'gofr-backup', {
    charts: { 'tar xzf': 3, 'restic restore': 1.8 },
    logs: { 'tar xzf': 2.4, 'restic restore': 1, 'borg extract': 1 },
  }),
  ...goals('One file', 'gofr-backup', { charts: { 'tar xzf': 20, 'restic dump': 4 } }),
  ...goals('Verify, every hash', 'gofr-backup', {
    charts: { 'gzip -t': 2.8, 'restic check': 1 },
    logs: { 'gzip -t': 2.8, 'restic check': 1 },
  }),
];

function goals(work: string, ours: string, of: Record<string, Record<string, number>>): Goal[] {
  return Object.entries(of).flatMap(([corpus, peers]) =>
    Object.entries(peers).map(([peer, times]) => ({ work, corpus, ours, peer, times })),
  );
}

/** A work that must cost at most so many times what it costs the peer, in CPU; of ours the first contender. */
interface Limit {
  work: string;
  corpus: string;
  peer: string;
  times: number;
  /** of our wall time, where the peer takes less than a program needs to start: seconds */
  within?: number;
}

/** CPU seconds: less says nothing about a work. */
const NOTHING = 0.1;

const LIMITS: Limit[] = [
  { work: 'One byte inserted near the start', corpus: 'text', peer: 'restic', times: 1.5 },
  ...[
    'The top directory renamed',
    'chmod -R',
    'chown -R',
    'touch of every file',
    'touch -a of every file',
  ].map((work) => ({ work, corpus: 'names', peer: 'restic', times: 1.2 })),
  { work: 'First run of small files', corpus: 'small', peer: 'tar | pigz', times: 1.3 },
  { work: '1 % of small files changed, in all directories', corpus: 'small', peer: 'restic', times: 1 },
  { work: 'Restore of small files', corpus: 'small', peer: 'tar xzf', times: 1.3 },
  ...['Holes: first run', 'Holes: verify', 'Holes: restore'].map((work) => ({
    work,
    corpus: 'sparse',
    peer: 'tar -',
    times: 3,
    within: 2,
  })),
];

/** What a change costs, in CPU and in wall time, against the most it may; what was not measured is left out. */
export function limitTable({ works }: Results): string {
  const rows = LIMITS.flatMap(({ work, corpus, peer, times, within }) => {
    const [mine, ...others] = works[`${corpus}/${work}`]?.figures ?? [];
    const theirs = others.find(({ name }) => name.startsWith(peer));
    if (!mine || !theirs) return [];
    const name = theirs.name.replaceAll('|', '\\|');
    if (within !== undefined && theirs.cpu < NOTHING) {
      const told = mine.wall <= within ? 'reached' : '**missed**';
      return [
        `| ${work} | ${name}, ${theirs.wall.toFixed(2)} s | ${within} s | ${mine.cpu.toFixed(2)} s | ${mine.wall.toFixed(2)} s | ${told} |`,
      ];
    }
    const [cpu, wall] = [mine.cpu / theirs.cpu, mine.wall / theirs.wall];
    return [
      `| ${work} | ${name} | ${times} × | ${cpu.toFixed(2)} × | ${wall.toFixed(2)} × | ${cpu <= times ? 'reached' : '**missed**'} |`,
    ];
  });
  const head = '| work | against | at most | CPU | wall | |\n| --- | --- | ---: | ---: | ---: | --- |';
  return [head, ...rows].join('\n');
}

/** A table of what was aimed at and what was reached; goals that were not measured are left out. */
export function goalTable({ works }: Results): string {
  const rows = GOALS.flatMap(({ work, corpus, ours, peer, times }) => {
    const figures = works[`${corpus}/${work}`]?.figures ?? [];
    const [mine, theirs] = [ours, peer].map((name) => figures.find((one) => one.name.startsWith(name)));
    if (!mine || !theirs) return [];
    const reached = theirs.wall / mine.wall;
    return [
      row(`${work}: ${corpus}`, theirs.name, `${times} ×`, `${reached.toFixed(2)} ×`, reached >= times),
    ];
  });
  const ours = Object.values(works).flatMap(({ figures }) =>
    figures.filter(({ name }) => name.startsWith('gofr')),
  );
  return [
    '| work | against | aim | reached | |\n| --- | --- | ---: | ---: | --- |',
    ...rows,
    ...memoryRow(ours),
  ].join('\n');
}

function memoryRow(ours: Figures[]): string[] {
  const peak = Math.max(...ours.map(({ memory }) => memory));
  if (!Number.isFinite(peak)) return [];
  const [aim, reached] = [MOST_MEMORY, peak].map((bytes) => `${Math.round(bytes / 2 ** 20)} MB`) as [
    string,
    string,
  ];
  return [row('Peak memory of all of these', '', aim, reached, peak <= MOST_MEMORY)];
}

function row(work: string, peer: string, aim: string, reached: string, met: boolean): string {
  return `| ${work} | ${peer.replaceAll('|', '\\|')} | ${aim} | ${reached} | ${met ? 'reached' : '**missed**'} |`;
}
