/** How long frames and slices are. */

/** Content of files longer than this is cut into slices no longer than this, each a frame. Part of the format. */
export const SLICE_BYTES = 2 * 1024 * 1024;

/**
 * The raw bytes that a frame of whole entries aims at and never exceeds. Smaller frames leave less to compress again
 * when one file changed; larger frames are fewer jobs. With 256 KiB the first backup of 20,000 files takes 5 % longer
 * than with 512, and the next one, after 1 % of them changed, takes 16 % less.
 */
export const FRAME_BYTES = 256 * 1024;

/** Most raw bytes of any frame: a file just not sliced, with the longest names, or a slice. */
export const MOST_RAW_BYTES = SLICE_BYTES + 32 * 1024;
