/** The packages with their rooms as an SVG document: arrows go from the importing to the imported. */
import { escapeXml } from '../picture/svg.ts';
import type { Architecture, Imports, Part } from './imports.ts';
import { isImplied, layersOf } from './layers.ts';

interface Box {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const ROOM = { width: 84, height: 24, gapX: 12, gapY: 26 };
const PART = { padding: 16, head: 30, gapX: 56, gapY: 58, least: 120 };
const MARGIN = 24;
const LEGEND = 36;

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
.name { font-weight: 600; font-size: 14px }
.app { fill: #ddf4ff; stroke: #54aeff }
.package { fill: #f6f8fa; stroke: #8c959f }
.room { fill: #ffffff; stroke: #afb8c1 }
path { fill: none; stroke: #57606a }
.implied { stroke: #d0d7de }
.inside { stroke: #8c959f }
.note { fill: #57606a; text-anchor: start }`;

export function drawArchitecture({ parts, between }: Architecture, apps: ReadonlySet<string>): string {
  const shown = parts.filter(({ name }) => between.some(({ from, to }) => from === name || to === name));
  const rows = layersOf(
    shown.map(({ name }) => name),
    between,
  ).map((names) => names.map((name) => insideOf(shown.find((part) => part.name === name)!)));
  const widthOf = (row: Inside[]): number =>
    row.reduce((sum, { width }) => sum + width + PART.gapX, -PART.gapX);
  const width = Math.max(...rows.map(widthOf)) + 2 * MARGIN;
  const boxes = new Map<string, Box>();
  const drawn: string[] = [];
  let y = MARGIN;
  for (const row of rows) {
    let x = (width - widthOf(row)) / 2;
    const height = Math.max(...row.map((one) => one.height));
    for (const one of row) {
      const box = { ...one, x, y: y + (height - one.height) / 2 };
      boxes.set(one.name, box);
      drawn.push(drawPart(box, one, apps.has(one.name) ? 'app' : 'package'));
      x += one.width + PART.gapX;
    }
    y += height + PART.gapY;
  }
  const arrows = arrowsOf(between, boxes, (one) => (isImplied(one, between) ? 'implied' : ''));
  const height = y - PART.gapY + MARGIN + LEGEND;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Who imports whom">
<style>${STYLE}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M1 1 7 4 1 7" stroke-width="1.5"/></marker></defs>
<rect width="${width}" height="${height}" rx="9" fill="#ffffff"/>
${arrows}
${drawn.join('\n')}
<text class="note" x="${MARGIN}" y="${height - LEGEND}">An arrow goes to what is imported; pale: it is also reached by way of others.</text>
<text class="note" x="${MARGIN}" y="${height - LEGEND / 2}">Thin: up to 9 imports, middle: up to 49, thick: more.</text>
</svg>
`;
}

/** A part whose size is known and whose place is not. */
interface Inside {
  name: string;
  width: number;
  height: number;
  rooms: Map<string, Box>;
  part: Part;
}

function insideOf(part: Part): Inside {
  const rooms = new Map<string, Box>();
  const layers = layersOf(part.rooms, part.between);
  const most = Math.max(0, ...layers.map((layer) => layer.length));
  const inner = most * (ROOM.width + ROOM.gapX) - ROOM.gapX;
  const width = Math.max(PART.least, inner + 2 * PART.padding);
  for (const [row, layer] of layers.entries()) {
    const start = (width - layer.length * (ROOM.width + ROOM.gapX) + ROOM.gapX) / 2;
    for (const [place, name] of layer.entries()) {
      const x = start + place * (ROOM.width + ROOM.gapX);
      const y = PART.head + row * (ROOM.height + ROOM.gapY);
      rooms.set(name, { name, x, y, width: ROOM.width, height: ROOM.height });
    }
  }
  const high = layers.length * (ROOM.height + ROOM.gapY) - ROOM.gapY + PART.padding;
  return { name: part.name, width, height: PART.head + (layers.length > 0 ? high : 12), rooms, part };
}

function drawPart(box: Box, { rooms, part }: Inside, kind: string): string {
  const { x, y, width, height } = box;
  const drawn = [...rooms.values()].map((room) => frame(room, 'room', 16));
  return `<g transform="translate(${x} ${y})">
${frame({ ...box, x: 0, y: 0, width, height }, kind, 20)}
${arrowsOf(part.between, rooms, () => 'inside')}
${drawn.join('\n')}
</g>`;
}

function frame({ name, x, y, width, height }: Box, kind: string, down: number): string {
  const text = kind === 'room' ? '' : ' class="name"';
  return `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/><text${text} x="${x + width / 2}" y="${y + down}">${escapeXml(name)}</text>`;
}

function arrowsOf(
  imports: readonly Imports[],
  boxes: ReadonlyMap<string, Box>,
  kindOf: (one: Imports) => string,
): string {
  const seen = imports.filter(({ from, to }) => boxes.has(from) && boxes.has(to));
  const centre = (name: string): number => boxes.get(name)!.x + boxes.get(name)!.width / 2;
  const port = (name: string, one: Imports, side: 'from' | 'to'): number => {
    const other = side === 'from' ? 'to' : 'from';
    const all = seen
      .filter((each) => each[side] === name)
      .toSorted((a, b) => centre(a[other]) - centre(b[other]));
    const { x, width } = boxes.get(name)!;
    return Math.round(x + (width * (all.indexOf(one) + 1)) / (all.length + 1));
  };
  const drawn = seen.map((one) => {
    const [source, target] = [boxes.get(one.from)!, boxes.get(one.to)!];
    const down = target.y > source.y;
    const [y1, y2] = down
      ? [source.y + source.height, target.y - 2]
      : [source.y, target.y + target.height + 2];
    const [x1, x2] = [port(one.from, one, 'from'), port(one.to, one, 'to')];
    const bend = (y2 - y1) / 2;
    const path = `M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
    const kind = kindOf(one);
    const strokes = `stroke-width="${thickness(one.count)}" marker-end="url(#tip)"`;
    return { kind, text: `<path class="${kind}" d="${path}" ${strokes}/>` };
  });
  // pale ones first: they lie below the others
  return drawn
    .toSorted((a, b) => Number(b.kind === 'implied') - Number(a.kind === 'implied'))
    .map(({ text }) => text)
    .join('\n');
}

/** In three steps, so that the picture changes only when the structure does. */
function thickness(count: number): number {
  if (count < 10) return 1;
  return count < 50 ? 2 : 3.5;
}
