/** bull-board below our head, so that there is a way back. */
import { html, type Html } from './html.ts';
import { page, type Shell } from './shell.ts';

/** `at`: what the board shows first, e.g. `queue/gofr-plot-backup`. */
export function queuesPage(shell: Shell, at: string): Html {
  const body = html`<div class="heading">
      <h1>Queues</h1>
      <nav class="links" aria-label="Ways back">
        <a href="${shell.link('')}">Back to the overview</a>
        <a href="${shell.link('jobs')}">The same jobs in sentences</a>
      </nav>
    </div>
    <iframe class="board" title="bull-board" src="${shell.link(`queues/${at}`)}"></iframe>`;
  return page(shell, 'queues', 'Queues', body);
}
