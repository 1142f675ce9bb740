/** A directory as gofr-plot leaves it: drawn charts, their metadata, a token store, logs. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { chance } from './chance.ts';
import { chartAsPng, chartAsSvg, inventChart } from './chart.ts';

const PNG_CHARTS = 24;
const SVG_CHARTS = 16;
const LOG_LINES = 20_000;
const SUBJECTS = ['Temperature', 'Sales', 'Latency', 'Yield', 'Humidity', 'Throughput', 'Price', 'Load'];
/** What the clock read when the sample service drew its first chart. */
const BEGAN = Date.UTC(2025, 10, 1, 8);
const HOUR = 3_600_000;

/** Makes `directory` (with `data` and `logs`) unless it is there; whole or not at all. */
export function provideSampleData(directory: string): void {
  if (existsSync(directory)) return;
  mkdirSync(dirname(directory), { recursive: true });
  const unfinished = mkdtempSync(`${directory}.`);
  try {
    writeSampleData(unfinished);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // another run was faster, and its sample is the same
    if (!existsSync(directory)) throw error;
  }
}

function writeSampleData(root: string): void {
  const charts = Array.from({ length: PNG_CHARTS + SVG_CHARTS }, (_, index) => describeChart(index));
  for (const folder of ['data/storage', 'data/auth', 'logs'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const chart of charts) {
    const drawing = inventChart(chart.title, chart.seed);
    put(
      join(root, 'data/storage', chart.file),
      chart.format === 'png' ? chartAsPng(drawing) : chartAsSvg(drawing),
      chart.created,
    );
  }
  put(
    join(root, 'data/storage/metadata.json'),
    json(Object.fromEntries(charts.map(({ file, ...facts }) => [file, facts]))),
  );
  put(join(root, 'data/auth/gofr-plot_tokens.json'), json(tokens()));
  chmodSync(join(root, 'data/auth'), 0o700);
  chmodSync(join(root, 'data/auth/gofr-plot_tokens.json'), 0o600);
  put(join(root, 'logs/gofr-plot.log'), logLines('mcp', LOG_LINES));
  put(join(root, 'logs/gofr-plot-web.log'), logLines('web', LOG_LINES / 4));
}

function describeChart(index: number) {
  const subject = SUBJECTS[index % SUBJECTS.length] ?? 'Chart';
  const format = index < PNG_CHARTS ? 'png' : 'svg';
  const guid = uuid(`chart ${index}`);
  return {
    file: `${guid}.${format}`,
    guid,
    format,
    title: `${subject} ${Math.floor(index / SUBJECTS.length) + 1}`,
    group: index % 3 === 0 ? 'research' : 'public',
    seed: index,
    created: new Date(BEGAN + index * HOUR).toISOString(),
  };
}

function tokens() {
  return Object.fromEntries(
    ['research', 'public'].map((group) => [
      createHash('sha256').update(`sample token of ${group}`).digest('base64url'),
      { group, issued_at: new Date(BEGAN).toISOString() },
    ]),
  );
}

function logLines(part: string, count: number): string {
  const random = chance(count);
  const lines = Array.from({ length: count }, (_, index) => {
    const at = new Date(BEGAN + index * 30_000).toISOString();
    const chart = uuid(`chart ${Math.floor(random() * (PNG_CHARTS + SVG_CHARTS))}`);
    return `${at} INFO ${part} rendered ${chart} in ${Math.round(20 + random() * 180)} ms\n`;
  });
  return lines.join('');
}

function put(path: string, content: string | Buffer, time: string = new Date(BEGAN).toISOString()): void {
  writeFileSync(path, content);
  utimesSync(path, new Date(time), new Date(time));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A UUID, version 8 (RFC 9562), made from a name so that every sample is alike. */
function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
