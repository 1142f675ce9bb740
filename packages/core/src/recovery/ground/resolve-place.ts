/** Links in the path of a place. */
import * as fs from 'node:fs';
import { type BytePath, displayPath, fsPath, joinPath } from '@gofr-backup/model';
import { exists, parentOf, realPath } from '@gofr-backup/posix';
import { usage } from '../usage.ts';

/**
 * Resolves links down to `trusted`, which nobody but the operator can have made; what is below it is kept as it is written, and
 * no link there is followed. A path that does not exist yet is kept, too.
 */
export function resolvePlace(path: BytePath, trusted = path): BytePath {
  const [place, above] = [path, trusted].map(withoutSlashes) as [BytePath, BytePath];
  return place === above
    ? resolved(place)
    : joinPath(resolved(above), place.slice(joinPath(above, '').length));
}

const withoutSlashes = (path: BytePath): BytePath => (path.length > 1 ? path.replace(/\/+$/, '') : path);

/** A root that is a link stays, and its target is restored. */
function resolved(absolute: BytePath): BytePath {
  if (exists(absolute)) {
    if (!fs.existsSync(fsPath(absolute)))
      throw usage(`${displayPath(absolute)} is a link that leads nowhere`, 'nothing can be restored there');
    return realPath(absolute);
  }
  const parent = parentOf(absolute);
  return parent === absolute
    ? absolute
    : joinPath(resolved(parent), absolute.slice(absolute.lastIndexOf('/') + 1));
}
