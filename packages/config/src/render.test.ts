import { expect, test } from 'vitest';
import { ERRORS } from '@gofr-backup/model';
import { loadSettings } from './load.ts';
import { renderConfigurationDoc, renderEnvExample, renderErrorsDoc } from './render.ts';
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
  expect(loadSettings(env).warnings).toEqual([]);
});
