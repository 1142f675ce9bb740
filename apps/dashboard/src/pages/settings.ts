/** Every effective setting, and where it came from. */
import { withCode } from './code.ts';
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
  const changed = groups.flatMap(({ rows }) => rows.filter((row) => row.changed));
  const body = html`<h1>Settings</h1>
    <p class="muted">
      As the dashboard read them when it started. They are set in the environment, not here.
    </p>
    <section class="card">
      <h2>Changed</h2>
      ${changed.length === 0 ? html`<p class="empty">Everything is as it comes.</p>` : settingTable(changed)}
    </section>
    <details class="card">
      <summary>All settings</summary>
      ${groups.map(
        ({ name, rows }) =>
          html`<h2>${name}</h2>
            ${settingTable(rows)}`,
      )}
    </details>`;
  return page(shell, 'settings', 'Settings', body);
}

const settingTable = (rows: readonly SettingRow[]): Html =>
  html`<table class="settings">
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
  </table>`;

function settingRow({ name, value, source, meaning }: SettingRow): Html {
  return html`<tr>
    <td class="name"><code>${name}</code><span class="muted">${withCode(meaning)}</span></td>
    <td class="value">
      ${value === '' ? html`<span class="muted">unset</span>` : html`<code>${value}</code>`}
    </td>
    <td class="wide muted">${source}</td>
  </tr>`;
}
