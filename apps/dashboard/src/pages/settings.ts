/** Every effective setting, and where it came from. */
import { html, type Html } from './html.ts';
import { page, type Shell } from './shell.ts';

export interface SettingRow {
  name: string;
  /** secrets already masked */
  value: string;
  source: string;
  meaning: string;
  changed: boolean;
}

export function settingsPage(
  shell: Shell,
  groups: readonly { name: string; rows: readonly SettingRow[] }[],
): Html {
  const body = html`<h1>Settings</h1>
    <p class="muted">
      As the dashboard read them when it started. They are set in the environment, not here.
    </p>
    ${groups.map(
      ({ name, rows }) =>
        html`<section class="card">
          <h2>${name}</h2>
          <table class="settings">
            <thead>
              <tr>
                <th>Setting</th>
                <th>Value</th>
                <th class="wide">From</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(settingRow)}
            </tbody>
          </table>
        </section>`,
    )}`;
  return page(shell, 'settings', 'Settings', body);
}

function settingRow({ name, value, source, meaning, changed }: SettingRow): Html {
  return html`<tr class="${changed ? 'changed' : ''}">
    <td class="name"><code>${name}</code><span class="muted">${meaning}</span></td>
    <td class="value">
      ${value === '' ? html`<span class="muted">unset</span>` : html`<code>${value}</code>`}
    </td>
    <td class="wide muted">${source}</td>
  </tr>`;
}
