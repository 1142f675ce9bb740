/** The section on copies in docs/performance.md. */
import { join } from 'node:path';
import { OFFSITE, replaceSection } from './section.ts';

export interface OffsiteFigures {
  /** medians, seconds */
  wall: number;
  cpu: number;
  /** bytes, of the largest process */
  memory: number;
  /** that the bucket grew by; of one file, that came from the server; of a month, that lie there */
  bytes: number;
  runs: number;
}
/** By work, and by who did it. */
export type OffsiteResults = Record<string, Record<string, OffsiteFigures>>;

export function writeOffsite(
  results: OffsiteResults,
  { size, rounds }: { size: string; rounds: number },
  root: string,
): void {
  const tables = Object.entries(results).map(([work, figures]) => `### ${work}\n\n${table(figures)}`);
  const text = `Made by \`node bench/offsite.ts\`: everything to one Ceph gateway on the same two cores, which takes its share of them. Corpora:
${size} of those above; medians of ${rounds}. Bytes are what the bucket grew by; of one file what came from the server; of a month what lies there.
\`gofr-backup copy\` encrypts, lists the store and prunes it; the command's own start and its private Redis are in its time.

${aims(results)}

${tables.join('\n\n')}`;
  replaceSection(join(root, 'docs/performance.md'), OFFSITE, text);
}

function table(figures: Record<string, OffsiteFigures>): string {
  const rows = Object.entries(figures).map(([name, { wall, cpu, memory, bytes }]) =>
    wall === 0
      ? `| ${name} | | | | ${megabytes(bytes)} |`
      : `| ${name} | ${wall.toFixed(2)} s | ${cpu.toFixed(2)} s | ${Math.round(memory / 2 ** 20)} MB | ${megabytes(bytes)} |`,
  );
  return ['| | wall | CPU | memory | bytes |', '| --- | ---: | ---: | ---: | ---: |', ...rows].join('\n');
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MB`;

const OURS = 'gofr-backup copy';
const BOTH = 'gofr-backup now, with its copy';

interface Aim {
  work: string;
  ours?: string;
  /** reached when restic's figure is at least so many times ours */
  times: number;
  of: 'wall' | 'bytes';
}
const AIMS: Aim[] = [
  ...['charts', 'logs'].flatMap((corpus): Aim[] => [
    { work: `First copy: ${corpus}`, times: 1, of: 'wall' },
    { work: `1 % changed, logs appended: ${corpus}`, times: 1, of: 'bytes' },
    { work: `1 % changed, logs appended: ${corpus}`, times: 2, of: 'wall' },
    { work: `1 % changed, logs appended: ${corpus}`, ours: BOTH, times: 1, of: 'wall' },
    { work: `Restore of everything: ${corpus}`, times: 1.5, of: 'wall' },
  ]),
  { work: 'One file: charts', times: 2, of: 'wall' },
  { work: 'Space after 30 days', times: 1, of: 'bytes' },
];

/** Against restic; what was not measured is left out. */
function aims(results: OffsiteResults): string {
  const rows = AIMS.flatMap(({ work, ours = OURS, times, of }) => {
    const [mine, theirs] = [results[work]?.[ours], results[work]?.['restic']];
    if (!mine || !theirs) return [];
    return [
      row(`${work}${ours === BOTH ? ', local backup counted' : ''}, ${of}`, times, theirs[of] / mine[of]),
    ];
  });
  return ['| work | aim | reached | |', '| --- | ---: | ---: | --- |', ...rows, ...limits(results)].join(
    '\n',
  );
}

const row = (work: string, aim: number, reached: number): string =>
  `| ${work} | ${aim} × | ${reached.toFixed(2)} × | ${reached >= aim ? 'reached' : '**missed**'} |`;

function limits(results: OffsiteResults): string[] {
  const all = Object.entries(results);
  const peak = Math.max(...all.flatMap(([, of]) => [of[OURS]?.memory ?? 0, of[BOTH]?.memory ?? 0]));
  const most = (name: string, found: number | undefined, limit: number): string[] =>
    found === undefined
      ? []
      : [
          `| ${name} | at most ${megabytes(limit)} | ${megabytes(found)} | ${found <= limit ? 'reached' : '**missed**'} |`,
        ];
  return [
    ...most('Nothing changed: charts, bytes', results['Nothing changed: charts']?.[OURS]?.bytes, 100_000),
    ...most('One file: charts, bytes read', results['One file: charts']?.[OURS]?.bytes, 40e6),
    ...most('Peak memory', peak, 200 * 2 ** 20),
  ];
}
