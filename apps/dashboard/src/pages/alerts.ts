/** The alerts that were sent and are not over, each with its button until a person has seen it. */
import { alertId, type OpenAlert } from '@gofr-backup/model';
import { withCode } from './code.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { actionButton, type Shell, time } from './shell.ts';

export function alertList(shell: Shell, alerts: readonly OpenAlert[]): Html {
  if (alerts.length === 0) return html`<section data-live="alerts" hidden></section>`;
  return html`<section class="card" data-live="alerts" aria-labelledby="alerts">
    <h2 id="alerts">Alerts that were sent</h2>
    <ul class="problems alerts">
      ${alerts.map((alert) => alertLine(shell, alert))}
    </ul>
  </section>`;
}

function alertLine(shell: Shell, alert: OpenAlert): Html {
  const { title, text, since, acknowledged } = alert;
  return html`<li class="${acknowledged ? 'seen' : 'attention'}">
    ${icon(acknowledged ? 'safe' : 'attention')}
    <div>
      <b>${title[0]?.toUpperCase()}${title.slice(1)}</b>
      <span
        >Since ${time(shell, Date.parse(since), 'near')}.
        ${
          acknowledged
            ? html`Acknowledged by ${acknowledged.by} at ${time(shell, Date.parse(acknowledged.at), 'full')}.`
            : withCode(text)
        }</span
      >
    </div>
    ${!acknowledged && actionButton(shell, 'acknowledge', 'Acknowledge', { alert: alertId(alert) })}
  </li>`;
}
