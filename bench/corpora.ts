/**
 * The trees the bench runs on, made once from a seed: `node bench/corpora.ts <corpus> <directory> [large|third|small]`.
 *   charts  20,000 files, 650 MB: PNG, SVG, JSON                      logs  40 files, 800 MB of service logs
 *   mixed   1 GB: half of each, and SQLite databases                  tiny  1,000,000 files of a few bytes
 *   names   50,000 files, 380 MB, below one directory                 text  one file of 1 GB
 *   small   100,000 files of 0 to 2 KB                                sparse  20 GB, of which 8 MB are data
 * small is a twentieth of each, third a third.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { RENAMED } from './changes.ts';
import { disguised, outlines, pngChart, svgChart } from './drawings.ts';
import { Random } from './random.ts';

type Make = (directory: string, scale: number, random: Random) => void;
const SCALES: Record<string, number> = { small: 1 / 20, third: 1 / 3 };
const CORPORA: Record<string, Make> = { charts, logs, mixed, tiny, names, text, small, sparse };

/** Nothing when it is there already; otherwise complete or absent. */
export async function makeCorpus(name: string, directory: string, size: string): Promise<void> {
  const make = CORPORA[name];
  if (!make) throw new Error(`no corpus ${name}; there are ${Object.keys(CORPORA).join(', ')}`);
  if (existsSync(directory) && existsSync(sizesOf(directory))) return;
  rmSync(directory, { recursive: true, force: true });
  const unfinished = `${directory}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  make(unfinished, SCALES[size] ?? 1, new Random(name));
  writeFileSync(sizesOf(directory), JSON.stringify(fileSizes(unfinished)));
  renameSync(unfinished, directory);
}

const sizesOf = (directory: string): string => `${directory}.sizes.json`;

function fileSizes(directory: string): Record<string, number> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const stats = paths.map((path) => [path, statSync(join(directory, path))] as const);
  return Object.fromEntries(
    stats.filter(([, stat]) => stat.isFile()).map(([path, { size }]) => [path, size]),
  );
}

/** Takes back what earlier rounds appended or renamed: the next contender finds what the one before found. */
export function resetCorpus(directory: string): void {
  const renamed = join(directory, RENAMED);
  if (existsSync(renamed)) renameSync(renamed, join(directory, 'top'));
  const sizes = JSON.parse(readFileSync(sizesOf(directory), 'utf8')) as Record<string, number>;
  for (const [path, size] of Object.entries(sizes)) {
    const file = join(directory, path);
    if (statSync(file).size > size) truncateSync(file, size);
  }
}

/** Shell that changes 1 % of the files (other bytes, same length) and appends 1 % to logs; differs at every call. */
export function changeScript(name: string, directory: string): string {
  if (name === 'logs') return `for f in "${directory}"/*.log; do tail -c 200000 "$f" | rev >>"$f"; done`;
  const every = `find "${directory}" -type f -size +0 | sort | awk 'NR % 100 == 7'`;
  return `${every} | while IFS= read -r f; do date +%N | dd of="$f" conv=notrunc bs=9 count=1 2>/dev/null; done`;
}

/** A file of about 30 KB from the middle of the tree (any file where there is none), relative to it. */
export function oneFileOf(name: string, directory: string): string {
  const within = name === 'mixed' ? 'charts' : '.';
  const folders = readdirSync(join(directory, within), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const folder = join(within, folders[folders.length >> 1]?.name ?? '.');
  const names = readdirSync(join(directory, folder)).sort();
  const sizes = names.map((file) => ({ file, size: statSync(join(directory, folder, file)).size }));
  const near = sizes.sort((a, b) => Math.abs(a.size - 30_000) - Math.abs(b.size - 30_000))[0];
  return join(folder, near?.file ?? '');
}

function charts(directory: string, scale: number, random: Random): void {
  const files = Math.round(20_000 * scale);
  const drawings = Array.from({ length: Math.ceil(400 * scale) }, () => pngChart(random));
  const letters = outlines(random);
  for (let i = 0; i < files; i++) {
    const folder = join(directory, `2026-${String(1 + Math.floor((i * 200) / files)).padStart(3, '0')}`);
    if (i % Math.ceil(files / 200) === 0) mkdirSync(folder, { recursive: true });
    mkdirSync(folder, { recursive: true });
    const id = random.hex() + random.hex();
    const kind = random.below(20);
    if (kind < 15)
      writeFileSync(join(folder, `${id}.png`), disguised(drawings[i % drawings.length]!, i % 251));
    else if (kind < 19) writeFileSync(join(folder, `${id}.svg`), svgChart(random, letters));
    else writeFileSync(join(folder, `${id}.metadata.json`), metadata(random, id));
  }
}

function metadata(random: Random, id: string): string {
  const series = Array.from({ length: 40 + random.below(200) }, () => random.below(100_000) / 100);
  return JSON.stringify(
    { id, title: `Series ${random.below(500)}`, kind: 'line', theme: 'light', series },
    null,
    2,
  );
}

const ROUTES = [
  '/render',
  '/health',
  '/charts',
  '/auth/token',
  '/images',
  '/ping',
  '/tools/list',
  '/sessions',
];
const LEVELS = ['INFO', 'INFO', 'INFO', 'INFO', 'DEBUG', 'WARNING', 'ERROR'];

function logs(directory: string, scale: number, random: Random): void {
  for (let i = 0; i < Math.max(2, Math.round(40 * scale)); i++)
    log(join(directory, `service-${String(i).padStart(2, '0')}.log`), 20e6, random);
}

function log(path: string, bytes: number, random: Random): void {
  const lines: string[] = [];
  let at = 1_760_000_000_000 + random.below(1e9);
  for (let length = 0; length < bytes;) {
    at += random.below(900);
    const hex = random.hex() + random.hex();
    const line =
      `${new Date(at).toISOString()} ${LEVELS[random.below(LEVELS.length)]} gofr.web.${random.below(12)} ` +
      `request_id=${hex} client=10.${random.below(256)}.${random.below(256)}.${random.below(256)} ` +
      `"GET ${ROUTES[random.below(ROUTES.length)]}/${random.below(100_000)} HTTP/1.1" ${random.below(12) ? 200 : 500} ` +
      `${random.below(60_000)}B ${(random.below(90_000) / 100).toFixed(2)}ms\n`;
    lines.push(line);
    length += line.length;
  }
  writeFileSync(path, lines.join(''));
}

function mixed(directory: string, scale: number, random: Random): void {
  mkdirSync(join(directory, 'charts'));
  charts(join(directory, 'charts'), scale / 2, random);
  mkdirSync(join(directory, 'logs'));
  logs(join(directory, 'logs'), (scale * 30) / 40, random);
  mkdirSync(join(directory, 'db'));
  for (let i = 0; i < 4; i++)
    database(join(directory, 'db', `sessions-${i}.db`), Math.round(120_000 * scale), random);
}

function database(path: string, rows: number, random: Random): void {
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE session (id TEXT PRIMARY KEY, owner TEXT, created INTEGER, body BLOB); BEGIN');
  const insert = db.prepare('INSERT INTO session VALUES (?, ?, ?, ?)');
  for (let i = 0; i < rows; i++)
    insert.run(`${random.next()}-${i}`, `user-${random.below(500)}`, random.next(), random.bytes(200));
  db.exec('COMMIT');
  db.close();
}

function tiny(directory: string, scale: number, random: Random): void {
  const folders = Math.round(1000 * scale);
  for (let folder = 0; folder < folders; folder++) {
    const path = join(directory, `d${String(folder).padStart(4, '0')}`);
    mkdirSync(path);
    for (let file = 0; file < 1000; file++) writeFileSync(join(path, `f${file}`), String(random.next()));
  }
}

function names(directory: string, scale: number, random: Random): void {
  const letters = outlines(random);
  for (let folder = 0; folder < 250; folder++) {
    const path = join(directory, 'top', `d${String(folder).padStart(3, '0')}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 200 * scale; file++) {
      const id = random.hex() + random.hex();
      if (file % 8 === 0) writeFileSync(join(path, `${id}.svg`), svgChart(random, letters));
      else if (file % 8 === 1) writeFileSync(join(path, `${id}.bin`), random.bytes(random.below(30_000)));
      else writeFileSync(join(path, `${id}.metadata.json`), metadata(random, id));
    }
  }
}

function text(directory: string, scale: number, random: Random): void {
  const file = join(directory, 'one.txt');
  for (let part = 0; part < Math.round(50 * scale) || part === 0; part++) {
    log(`${file}.part`, 20e6, random);
    appendFileSync(file, readFileSync(`${file}.part`));
  }
  rmSync(`${file}.part`);
}

function small(directory: string, scale: number, random: Random): void {
  const words = readFileSync(new URL('corpora.ts', import.meta.url), 'utf8').split(/\s+/);
  for (let folder = 0; folder < 500 * scale; folder++) {
    const path = join(directory, `d${String(folder).padStart(3, '0')}`);
    mkdirSync(path);
    for (let file = 0; file < 200; file++) {
      const length = random.below(2049);
      let content = '';
      while (content.length < length)
        content += `${words[random.below(words.length)]} ${random.below(4) ? '' : random.next()} `;
      writeFileSync(join(path, `${random.hex()}.json`), content);
    }
  }
}

function sparse(directory: string, scale: number, random: Random): void {
  for (let file = 0; file < 4; file++) {
    const fd = openSync(join(directory, `disk-${file}.img`), 'w');
    const size = Math.round(5e9 * scale);
    ftruncateSync(fd, size);
    for (let at = 0; at < size; at += size / 32)
      writeSync(fd, random.bytes(65_536), 0, 65_536, Math.floor(at));
    closeSync(fd);
  }
}

/** Of a corpus in a size; aims are for large ones. */
export function nameOf(corpus: string, size: string): string {
  return size === 'large' ? corpus : `${corpus}, ${size}`;
}

if (import.meta.main) {
  const [name = '', directory = '', size = 'large'] = process.argv.slice(2);
  await makeCorpus(name, directory, size);
}
