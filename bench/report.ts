/** docs/performance.md and its chart, from the bench's results. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from './corpora.ts';
import { goalTable, limitTable } from './goals.ts';
import type { Figures, Results } from './results.ts';
import { AROUND, GROWTH, OFFSITE, PAGE, sectionOf, TRIED } from './section.ts';

const CORPORA: Record<string, string> = {
  charts: '20,000 files, 650 MB, mostly PNG',
  logs: '40 files, 800 MB of text',
  mixed: '1 GB: charts, logs and SQLite databases',
  tiny: '1,000,000 files of a few bytes',
  names: '50,000 files, 380 MB, below one directory',
  text: 'one file of 1 GB of text',
  small: '100,000 files of 0 to 2 KB',
  sparse: '20 GB, of which 8 MB are data',
};

export function writeReport(results: Results, root: string): void {
  const path = join(root, 'docs/performance.md');
  const kept = [AROUND, PAGE, OFFSITE, GROWTH, TRIED].map((title) => sectionOf(path, title));
  writeFileSync(path, `${[page(results), ...kept].join('\n\n')}\n`);
  writeFileSync(join(root, 'docs/performance.svg'), chart(results));
  execFileSync(join(root, 'node_modules/.bin/prettier'), ['--write', path]);
}

function page(results: Results): string {
  const works = Object.values(results.works);
  const sections = works.map(({ corpus, size, work, date, figures }) => {
    const tree = `${CORPORA[corpus] ?? ''}${size === 'small' ? ' (a twentieth of it)' : ''}`;
    return `### ${work}: ${nameOf(corpus, size)}\n\n${tree}. Measured ${date}.\n\n${table(figures)}\n`;
  });
  return `# Performance

<!-- Made by \`node bench/run.ts\` from a real run, but for its last sections; not written by hand. -->

Measured on ${results.machine}; each table says when. Every contender ran in turn, round by round, on the same files, all of them in
memory; the figures are medians. "×" is how many times as long the peer took as the first line. Memory is the peak of the largest process.
Run it yourself: \`node bench/run.ts\` (large corpora, about an hour) or \`node bench/run.ts --size small\`.

## Aims

How many times as fast as the peer. Where one is missed, [what was tried](#what-was-tried) says why.

${goalTable(results)}

### Cost of a change

How many times what it costs the peer, for works whose cost must follow the change.

${limitTable(results)}

## All figures

![Seconds, ours and theirs](performance.svg)

${sections.join('\n')}`;
}

function table(figures: Figures[]): string {
  const ours = figures[0]?.wall ?? 1;
  const rows = figures.map(({ name, wall, cpu, memory, bytes, runs }) =>
    [
      name.replaceAll('|', '\\|'),
      `${wall.toFixed(2)} s`,
      `${(wall / ours).toFixed(2)} ×`,
      `${cpu.toFixed(2)} s`,
      `${Math.round(memory / 2 ** 20)} MB`,
      bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)} MB`,
      String(runs),
    ].join(' | '),
  );
  const head =
    '| | wall | × | CPU | memory | size | runs |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |';
  return `${head}\n${rows.map((row) => `| ${row} |`).join('\n')}`;
}

const BAR = { height: 18, gap: 4, label: 300, width: 420 };

/** Horizontal bars, one panel a work; readable on light and dark pages. */
function chart(results: Results): string {
  let y = 10;
  const parts: string[] = [];
  for (const { corpus, size, work, figures } of Object.values(results.works)) {
    parts.push(`<text x="0" y="${y + 14}" class="t">${escape(`${work}: ${nameOf(corpus, size)}`)}</text>`);
    y += 24;
    const longest = Math.max(...figures.map(({ wall }) => wall));
    for (const [i, { name, wall }] of figures.entries()) {
      const length = Math.max(2, (BAR.width * wall) / longest);
      parts.push(
        `<text x="${BAR.label - 8}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
        `<rect x="${BAR.label}" y="${y}" width="${length.toFixed(1)}" height="${BAR.height}" rx="3" class="${name.startsWith('gofr') ? 'o' : 'p'}"/>`,
        `<text x="${(BAR.label + length + 6).toFixed(1)}" y="${y + 13}">${wall.toFixed(2)} s</text>`,
      );
      y += BAR.height + BAR.gap + (i === figures.length - 1 ? 14 : 0);
    }
  }
  const style =
    'text{font:12px system-ui,sans-serif;fill:#57606a}.t{font-weight:600;fill:#0969da}.o{fill:#2da44e}.p{fill:#8c959f}';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 ${y}" role="img" aria-label="Seconds, ours and theirs"><style>${style}</style>${parts.join('')}</svg>\n`;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
