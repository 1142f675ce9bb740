/** An archive, or the beginning of one, of which it is known where its stored frames lie in packs. */
import type { Extents } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';
import type { FrameTable } from './frame-table.ts';

export interface KnownCopy {
  frames: FrameTable;
  /** of all the frames, at least */
  extents: Extents;
  packs: readonly Pack[];
}
