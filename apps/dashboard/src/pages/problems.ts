/** What is wrong, and what to do about each. */
import type { SafetyProblem } from '@gofr-backup/core';
import { withCode } from './code.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { actionButton, type Shell } from './shell.ts';

export function problemList(shell: Shell, problems: readonly SafetyProblem[]): Html {
  if (problems.length === 0) return html`<section data-live="problems" hidden></section>`;
  return html`<section class="card" data-live="problems" aria-labelledby="wrong">
    <h2 id="wrong">What is wrong</h2>
    <ul class="problems">
      ${problems.map(
        ({ level, code, text, todo, page: to }) =>
          html`<li class="${level}">
            ${icon(level)}
            <div>
              <b>${text}</b>
              <span>${withCode(todo)} ${to && html`<a href="${shell.link(to)}">Look at it</a>`}</span>
              ${code === 'paused' && resumeButton(shell)}
            </div>
          </li>`,
      )}
    </ul>
  </section>`;
}

/** Absent in read-only mode. */
export const resumeButton = (shell: Shell): Html | '' => actionButton(shell, 'resume', 'Resume the queue');
