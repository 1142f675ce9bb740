// Stands in for gofr-plot: draws charts into /data/storage, rotates tokens in /data/auth, appends to /logs, for ever.
import { appendFileSync, chmodSync, chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

const uid = Number(process.env.APP_UID ?? 1000);
for (const dir of ['/data/storage', '/data/auth', '/logs']) {
  mkdirSync(dir, { recursive: true });
  chownSync(dir, uid, uid);
}
chownSync('/data', uid, uid);
process.setgid?.(uid);
process.setuid?.(uid);

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

/** A 160x90 PNG of a sine with its phase set by `n`. */
function chart(n) {
  const [width, height] = [160, 90];
  const rows = Buffer.alloc((width * 3 + 1) * height, 255);
  for (let y = 0; y < height; y++) rows[y * (width * 3 + 1)] = 0;
  for (let x = 0; x < width; x++) {
    const y = Math.round(height / 2 + (height / 3) * Math.sin((x + n * 7) / 12));
    rows.set([30, 90, 200], y * (width * 3 + 1) + 1 + x * 3);
  }
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 2, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function replaceWhole(path, content, mode) {
  writeFileSync(`${path}.new`, content);
  chmodSync(`${path}.new`, mode);
  renameSync(`${path}.new`, path);
}

let n = 0;
const tick = () => {
  n += 1;
  const name = `chart-${String(n % 200).padStart(3, '0')}`;
  replaceWhole(`/data/storage/${name}.png`, chart(n), 0o644);
  replaceWhole(
    '/data/storage/metadata.json',
    JSON.stringify({ charts: Math.min(n, 200), latest: name }),
    0o644,
  );
  replaceWhole('/data/auth/tokens.json', JSON.stringify({ token: `example-${n}` }), 0o600);
  appendFileSync('/logs/service.log', `${new Date().toISOString()} INFO drew ${name}\n`);
};
for (let i = 0; i < 50; i++) tick();
setInterval(tick, 200);
