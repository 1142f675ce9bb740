/** Drawn here, so that none is fetched from elsewhere. 24 by 24, strokes in the text's colour. */
import { html, type Html, raw } from './html.ts';

const PATHS = {
  archive: '<path d="M4 8h16v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM3 4h18v4H3zM10 12h4"/>',
  safe: '<path d="M12 3l7.5 3v5.5c0 4.6-3.1 8-7.5 9.5-4.4-1.5-7.5-4.9-7.5-9.5V6zM8.5 12l2.5 2.5 4.5-5"/>',
  attention: '<path d="M12 4l9 16H3zM12 10v4.5M12 17.2v.3"/>',
  danger: '<path d="M8.5 3h7L21 8.5v7L15.5 21h-7L3 15.5v-7zM12 7.5v5.5M12 16.2v.3"/>',
  theme: '<path d="M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18"/>',
  folder: '<path d="M3 6h6l2 2h10v11H3z"/>',
  file: '<path d="M6 3h8l4 4v14H6zM14 3v4h4"/>',
  link: '<path d="M10 14l4-4M8 12l-2 2a3 3 0 0 0 4 4l2-2M16 12l2-2a3 3 0 0 0-4-4l-2 2"/>',
  download: '<path d="M12 4v11M7.5 10.5L12 15l4.5-4.5M5 20h14"/>',
} as const;

export function icon(name: keyof typeof PATHS): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${raw(PATHS[name])}</svg>`;
}
