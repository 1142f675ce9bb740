/**
 * Charts as a plotting program writes them. Whether a corpus compresses like a real one decides what a benchmark of
 * backups is worth: these were held against charts by matplotlib, whose PNG gzip shrinks by 3 to 20 % (blank rows at the
 * head and the foot, noise between) and whose SVG to a quarter or a third.
 */
import { crc32, deflateSync } from 'node:zlib';
import type { Random } from './random.ts';

const WIDTH = 640;
const HEIGHT = 400;
const MARGIN = 50;
/** 3 bytes a pixel, after a byte that names the row's filter: none */
const ROW = 1 + 3 * WIDTH;
const COLOURS = ['1f77b4', 'ff7f0e', '2ca02c'].map((hex) => Buffer.from(hex, 'hex'));

/** Grid, axis labels, and a few random walks with soft edges. */
export function pngChart(random: Random): Buffer {
  const pixels = Buffer.alloc(ROW * HEIGHT, 255);
  for (let row = 0; row < HEIGHT; row++) pixels[row * ROW] = 0;
  for (let tick = 0; tick <= 5; tick++) drawTick(pixels, tick, random);
  const lines = 1 + random.below(3);
  for (const colour of COLOURS.slice(0, lines)) drawWalk(pixels, colour, random);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', Buffer.from('00000280000001900802000000', 'hex')),
    chunk('IDAT', deflateSync(pixels, { level: 6 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function drawTick(pixels: Buffer, tick: number, random: Random): void {
  const row = MARGIN + Math.round((tick * (HEIGHT - 2 * MARGIN)) / 5);
  const start = row * ROW + 1;
  pixels.fill(0xb0, start + 3 * MARGIN, start + 3 * (WIDTH - MARGIN));
  for (let y = -4; y < 4; y++) {
    for (let x = 10; x < 40; x++)
      if (random.below(2))
        pixels.fill(random.below(256), start + y * ROW + 3 * x, start + y * ROW + 3 * x + 3);
  }
}

function drawWalk(pixels: Buffer, colour: Buffer, random: Random): void {
  let at = HEIGHT / 2;
  for (let x = MARGIN; x < WIDTH - MARGIN; x++) {
    at = within(at + random.below(21) - 10, MARGIN, HEIGHT - MARGIN - 20);
    const end = at + 4 + random.below(12);
    for (let y = at; y < end; y++) {
      const soft = y === at || y === end - 1 || random.below(3) > 0 ? random.below(256) : 0;
      for (let c = 0; c < 3; c++)
        pixels[y * ROW + 1 + 3 * x + c] = colour[c]! + (((255 - colour[c]!) * soft) >> 8);
    }
  }
}

/** As compressible as `drawing`, byte for byte, yet with nothing in common: drawing 15,000 of them would take minutes. */
export function disguised(drawing: Buffer, key: number): Buffer {
  return drawing.map((byte) => byte ^ key) as Buffer;
}

/** Length, type, content, CRC: as the PNG specification has it. */
function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
}

/** Letters as outlines, ticks and grid as groups of their own, and random walks of 50 to 500 points. */
export function svgChart(random: Random, letters: string[]): string {
  const clip = random.hex();
  const ticks = Array.from({ length: 12 }, (_, n) => tick(n, clip, random, letters));
  const walks = Array.from({ length: 1 + random.below(4) }, (_, n) => walk(n, clip, random));
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<svg xmlns="http://www.w3.org/2000/svg" width="576pt" height="432pt" viewBox="0 0 576 432">',
    ` <metadata><date>2026-0${1 + random.below(9)}-1${random.below(10)}T08:${10 + random.below(50)}:00</date></metadata>`,
    ...ticks,
    ...walks,
    ` <clipPath id="c${clip}"><rect x="72" y="51.84" width="446.4" height="332.64"/></clipPath>`,
    '</svg>\n',
  ].join('\n');
}

/** Outlines of letters, the same in every chart. */
export function outlines(random: Random): string[] {
  return Array.from({ length: 40 }, (_, letter) => {
    const curves = Array.from({ length: 12 + random.below(20) }, () => {
      const [a, b, c, d] = Array.from({ length: 4 }, () => random.below(4800));
      return `Q ${a} ${b} ${c} ${d} \n`;
    });
    return `<path id="letter-${letter}" d="M ${random.below(4800)} ${random.below(4800)} \n${curves.join('')}z\n" transform="scale(0.015625)"/>`;
  });
}

function tick(n: number, clip: string, random: Random, letters: string[]): string {
  const at = (92.290909 + n * 50.982184).toFixed(6);
  const label = Array.from({ length: 3 + random.below(12) }, () => random.below(letters.length));
  const text = label.map(
    (letter, i) => `      <use href="#letter-${letter}" x="${(i * 63.623047).toFixed(6)}"/>`,
  );
  return [
    `  <g id="tick_${n}">`,
    `   <path d="M ${at} 384.48 \nL ${at} 51.84 \n" clip-path="url(#c${clip})" style="fill: none; stroke: #b0b0b0; stroke-width: 0.8; stroke-linecap: square"/>`,
    `   <use href="#mark" x="${at}" y="384.48" style="stroke: #000000; stroke-width: 0.8"/>`,
    `   <g transform="translate(${at} 399.078438) scale(0.1 -0.1)">`,
    `    <defs>${letters[label[0]!]}\n${letters[label[1]!]}</defs>`,
    ...text,
    '   </g>',
    '  </g>',
  ].join('\n');
}

function walk(n: number, clip: string, random: Random): string {
  const points = 50 + random.below(450);
  let y = 218.16;
  const lines = Array.from({ length: points }, (_, x) => {
    y = within(y + (random.below(10_000_000) - 5_000_000) / 1e6, 51.84, 384.48);
    return `L ${(92.290909 + (x * 405.818182) / points).toFixed(6)} ${y.toFixed(6)} \n`;
  });
  return `  <g id="line_${n}">\n   <path d="M 92.290909 218.16 \n${lines.join('')}" clip-path="url(#c${clip})" style="fill: none; stroke: #1f77b${n}; stroke-width: 1.5"/>\n  </g>`;
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
