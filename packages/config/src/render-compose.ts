import { SETTINGS, variablePrefix } from './settings.ts';
import type { Setting } from './setting.ts';

const BEGIN = '# begin generated settings';
const END = '# end generated settings';

/**
 * A compose file with every setting passed through, between its two marks. Empty counts as unset, so the defaults stay
 * where they are defined. Throws when the marks are missing.
 */
export function renderComposeSettings(compose: string): string {
  const pattern = new RegExp(`^([ ]*)${BEGIN}\\n[^]*?^[ ]*${END}$`, 'm');
  if (!pattern.test(compose)) throw new Error(`no "${BEGIN}" … "${END}" in the compose file`);
  const names = Object.values(SETTINGS as Record<string, Setting<unknown>>).map(
    ({ name }) => variablePrefix('plot') + name,
  );
  return compose.replace(pattern, (_, indent: string) =>
    [BEGIN, ...names.map((name) => `${name}: \${${name}:-}`), END].map((line) => indent + line).join('\n'),
  );
}
