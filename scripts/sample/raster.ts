import { crc32, deflateSync } from 'node:zlib';

type Rgb = [number, number, number];

/** A picture in memory, three bytes a pixel, with lines smoothed by Wu's method. */
export class Raster {
  readonly #width: number;
  readonly #height: number;
  readonly #pixels: Buffer;

  constructor(width: number, height: number, background: string) {
    this.#width = width;
    this.#height = height;
    this.#pixels = Buffer.alloc(width * height * 3, Buffer.from(rgb(background)));
  }

  line(x0: number, y0: number, x1: number, y1: number, color: string): void {
    const steep = Math.abs(y1 - y0) > Math.abs(x1 - x0);
    const [a0, b0, a1, b1] = steep ? [y0, x0, y1, x1] : [x0, y0, x1, y1];
    const [from, fromB, to, toB] = a0 <= a1 ? [a0, b0, a1, b1] : [a1, b1, a0, b0];
    const slope = to === from ? 0 : (toB - fromB) / (to - from);
    for (let along = Math.round(from); along <= Math.round(to); along += 1) {
      const across = fromB + slope * (along - from);
      const below = Math.floor(across);
      const share = across - below;
      this.#blend(along, below, steep, color, 1 - share);
      this.#blend(along, below + 1, steep, color, share);
    }
  }

  #blend(along: number, across: number, steep: boolean, color: string, share: number): void {
    const [x, y] = steep ? [across, along] : [along, across];
    if (x < 0 || y < 0 || x >= this.#width || y >= this.#height) return;
    const at = (y * this.#width + x) * 3;
    rgb(color).forEach((channel, index) => {
      const old = this.#pixels[at + index] ?? 0;
      this.#pixels[at + index] = Math.round(old + (channel - old) * share);
    });
  }

  /** PNG, 8-bit truecolour, one IDAT, no filter (W3C PNG specification, third edition). */
  toPng(): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.#width, 0);
    header.writeUInt32BE(this.#height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    return Buffer.concat([
      signature,
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(this.#rows())),
      chunk('IEND'),
    ]);
  }

  #rows(): Buffer {
    const stride = this.#width * 3;
    const rows = Array.from({ length: this.#height }, (_, y) => [
      Buffer.of(0),
      this.#pixels.subarray(y * stride, (y + 1) * stride),
    ]);
    return Buffer.concat(rows.flat());
  }
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}

function rgb(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
