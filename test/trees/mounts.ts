/** Mounts a service may have: components that cannot be renamed, and what is mounted inside them. Root alone makes any. */
import { type Draw, weighted } from '../draw.ts';
import { latin } from './growth.ts';
import { type Deed, type Picture, withName } from './picture.ts';
import type { Scene } from './scene.ts';

export function drawMounts(scene: Scene, picture: Picture): Deed[] {
  const { draw, user, parts } = scene;
  if (user === 'ordinary' || draw.maybe(0.65)) return [];
  const inside = draw.maybe(0.4) ? drawInside(scene, picture) : [];
  const roots = parts.filter(() => draw.maybe(0.5)).map(({ root }): Deed => fixed(scene, latin(root)));
  return [...roots, ...inside];
}

/** Of components, or inside them. */
export const hasMounts = ({ log }: Scene): boolean => log.some((line) => /^ *\["(bind|overlay)"/.test(line));

/** No directory of it, or not itself, can be renamed. */
const fixed = ({ draw, base }: Scene, root: string): Deed =>
  draw.maybe(0.5) ? ['overlay', root, { base }] : ['bind', root, {}];

/** A directory or a file from elsewhere, sometimes so that nobody may write. */
function drawInside({ draw, base, parts }: Scene, picture: Picture): Deed[] {
  const part = draw.pick(parts);
  const below = [...picture].filter(([path]) => path.startsWith(`${latin(part.archivePath)}/`));
  const kind = weighted<'directory' | 'file'>(draw, [
    [5, 'directory'],
    [1, 'file'],
  ]);
  const places = below.filter(([, item]) => item.kind === kind).map(([path]) => path);
  if (places.length === 0) return [];
  const place = latin(part.root) + draw.pick(places).slice(latin(part.archivePath).length);
  const source = `${base}/mounted`;
  const options = draw.maybe(0.2) ? 'ro' : 'rw';
  if (kind === 'file')
    return [
      ['file', source, someFile(draw)],
      ['bind', place, { source, options }],
    ];
  const content: Deed[] = [
    ['directory', source, {}],
    ['file', withName(source, 'inside'), someFile(draw)],
  ];
  return [...content, ['bind', place, { source, options }]];
}

const someFile = (draw: Draw): Deed[2] => ({ size: draw.below(3000), seed: 'mounted', kind: 'text' });
