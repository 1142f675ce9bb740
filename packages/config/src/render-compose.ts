import { SETTINGS, variablePrefix } from './settings.ts';
import { type Service, SERVICES, type Setting } from './setting.ts';

/**
 * A compose file with every setting passed through, between marks: by plot's name, and by the one that counts for any project. Those of `secrets of SERVICES` hold the settings
 * that not every service may know, for these services. Empty counts as unset, so the defaults stay where they are
 * defined. Throws when the marks are missing.
 */
export function renderComposeSettings(compose: string): string {
  const all = Object.values(SETTINGS as Record<string, Setting<unknown>>);
  const shared = all.filter(({ usedBy }) => usedBy === undefined);
  const withShared = replaceBlock(compose, 'settings', () => shared);
  return replaceBlock(withShared, 'secrets of (.+)', (services) => {
    const known = services
      .split(', ')
      .filter((name): name is Service => SERVICES.some((one) => one === name));
    return all.filter(({ usedBy }) => usedBy?.some((service) => known.includes(service)));
  });
}

function replaceBlock(
  compose: string,
  title: string,
  settingsOf: (services: string) => Setting<unknown>[],
): string {
  const pattern = new RegExp(`^([ ]*)# begin generated (${title})\\n[^]*?^[ ]*# end generated \\2$`, 'gm');
  if (compose.match(pattern) === null) throw new Error(`no "# begin generated ${title}" in the compose file`);
  return compose.replace(pattern, (_, indent: string, found: string, services = '') => {
    const prefixes = [variablePrefix('plot'), 'BACKUP_'];
    const names = prefixes.flatMap((prefix) => settingsOf(String(services)).map(({ name }) => prefix + name));
    const lines = names.map((name) => `${name}: \${${name}:-}`);
    return [`# begin generated ${found}`, ...lines, `# end generated ${found}`]
      .map((line) => indent + line)
      .join('\n');
  });
}
