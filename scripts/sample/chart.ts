import { chance } from './chance.ts';
import { Raster } from './raster.ts';

export interface Chart {
  title: string;
  width: number;
  height: number;
  series: Array<{ name: string; color: string; values: number[] }>;
}

const COLORS = ['#2563eb', '#dc2626', '#059669', '#d97706'];
const NAMES = ['north', 'south', 'east', 'west'];
const MARGIN = { left: 48, right: 16, top: 36, bottom: 32 };
const GRID_LINES = 5;

/** A chart of random walks, the same for the same seed. */
export function inventChart(title: string, seed: number): Chart {
  const random = chance(seed);
  const series = NAMES.slice(0, 1 + Math.floor(random() * NAMES.length)).map((name, index) => {
    let value = 40 + random() * 40;
    const values = Array.from({ length: 120 }, () => (value += (random() - 0.48) * 9));
    return { name, color: COLORS[index] ?? '#000000', values };
  });
  return { title, width: 640, height: 400, series };
}

/** The chart as a PNG file's bytes: every line drawn into a raster. */
export function chartAsPng(chart: Chart): Buffer {
  const raster = new Raster(chart.width, chart.height, '#ffffff');
  for (const y of gridLines(chart)) raster.line(MARGIN.left, y, chart.width - MARGIN.right, y, '#e5e7eb');
  raster.line(MARGIN.left, MARGIN.top, MARGIN.left, chart.height - MARGIN.bottom, '#374151');
  for (const { color, values } of chart.series) {
    const points = plot(chart, values);
    points.slice(1).forEach(([x, y], index) => {
      const [fromX, fromY] = points[index] ?? [x, y];
      raster.line(fromX, fromY, x, y, color);
      raster.line(fromX, fromY + 1, x, y + 1, color);
    });
  }
  return raster.toPng();
}

/** The chart as an SVG document. */
export function chartAsSvg(chart: Chart): string {
  const { width, height } = chart;
  const grid = gridLines(chart)
    .map((y) => `<path d="M${MARGIN.left} ${y}H${width - MARGIN.right}" stroke="#e5e7eb"/>`)
    .join('\n  ');
  const lines = chart.series
    .map(({ name, color, values }) => {
      const points = plot(chart, values).map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
      return `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.join(' ')}"><title>${name}</title></polyline>`;
    })
    .join('\n  ');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
  <rect width="100%" height="100%" fill="#ffffff"/>
  <text x="${MARGIN.left}" y="22" font-family="sans-serif" font-size="14">${chart.title}</text>
  ${grid}
  ${lines}
</svg>
`;
}

/** Values as places in the picture, the lowest of all series at the bottom. */
function plot(chart: Chart, values: number[]): Array<[x: number, y: number]> {
  const all = chart.series.flatMap((series) => series.values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const wide = chart.width - MARGIN.left - MARGIN.right;
  const tall = chart.height - MARGIN.top - MARGIN.bottom;
  return values.map((value, index) => [
    MARGIN.left + (index / (values.length - 1)) * wide,
    MARGIN.top + (1 - (value - low) / (high - low)) * tall,
  ]);
}

function gridLines({ height }: Chart): number[] {
  const step = (height - MARGIN.top - MARGIN.bottom) / GRID_LINES;
  return Array.from({ length: GRID_LINES + 1 }, (_, index) => Math.round(MARGIN.top + index * step));
}
