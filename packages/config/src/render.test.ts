import { expect, test } from 'vitest';
import { ERRORS } from '@gofr-backup/model';
import { loadSettings } from './load.ts';
import { renderComposeSettings } from './render-compose.ts';
import { renderConfigurationDoc, renderEnvExample, renderErrorsDoc } from './render.ts';
import { SERVICES, type Setting } from './setting.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';

test('every setting is in both documents, every error in its own', () => {
  const [doc, example, errors] = [renderConfigurationDoc(), renderEnvExample(), renderErrorsDoc()];
  for (const key of SETTING_KEYS) {
    expect(doc).toContain(`\`${SETTINGS[key].name}\``);
    expect(example).toContain(`\n# GOFR_PLOT_BACKUP_${SETTINGS[key].name}=`);
  }
  for (const code of Object.keys(ERRORS)) expect(errors).toContain(`\`${code}\``);
});

test('the example file changes nothing as it is, and is accepted when all of it is uncommented', () => {
  const assignments = renderEnvExample()
    .split('\n')
    .filter((line) => line.includes('=') && /^#? ?[A-Z_]+=/.test(line));
  expect(assignments.every((line) => line.startsWith('# '))).toBe(true);
  const env = Object.fromEntries(
    assignments.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(2, at), line.slice(at + 1)];
    }),
  );
  const stores = { BACKUP_OFFSITE_NAS_URL: 'file:///mnt/nas', BACKUP_OFFSITE_B2_URL: 's3://bucket/plot' };
  expect(loadSettings({ ...env, ...stores }).warnings).toEqual([]);
});

test('a compose file gives each secret to the services that use it, and to no other', () => {
  const block = (title: string) => `# begin generated ${title}\n# end generated ${title}\n`;
  const titles = ['settings', 'secrets of scheduler', 'secrets of worker', 'secrets of dashboard'];
  const rendered = renderComposeSettings(titles.map(block).join(''));
  const [shared = '', ...perService] = rendered.split(/^# begin generated .*$/m).slice(1);
  for (const key of SETTING_KEYS) {
    const { name, secret, usedBy }: Setting<unknown> = SETTINGS[key];
    const holds = (text: string) => {
      const plots = text.includes(`GOFR_PLOT_BACKUP_${name}:`);
      expect(new RegExp(`^BACKUP_${name}: `, 'm').test(text), name).toBe(plots);
      return plots;
    };
    expect(secret === undefined || usedBy !== undefined, `${name} is a secret of somebody`).toBe(true);
    expect(holds(shared), name).toBe(usedBy === undefined);
    const expected = SERVICES.map((service) => usedBy?.includes(service) ?? false);
    expect(perService.map(holds), name).toEqual(expected);
  }
  expect(renderComposeSettings(rendered)).toBe(rendered);
});
