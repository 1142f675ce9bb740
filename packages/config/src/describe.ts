import type { Origin, Setting } from './setting.ts';
import type { SettingKey, Settings } from './settings.ts';
import { GROUPS, SETTINGS } from './settings.ts';
import { ownSettingsOf, type StoreSettings } from './stores.ts';

/** One effective setting, safe to show: secrets are masked. */
export interface DescribedSetting {
  name: string;
  group: string;
  /** null: unset */
  value: string | null;
  /** the variable's full name, or `default` */
  source: string;
  meaning: string;
}

/** Every setting in the order of the documentation, the project first. */
export function describeSettings(settings: Settings): DescribedSetting[] {
  const groups = Object.entries(GROUPS).flatMap(([group, members]) =>
    Object.keys(members).map((key) =>
      describe(SETTINGS[key as SettingKey], group, settings.origins[key as SettingKey]),
    ),
  );
  return [...groups, ...settings.stores.flatMap(describeStore)];
}

/** What a store of several has for itself. */
function describeStore(store: StoreSettings): DescribedSetting[] {
  return ownSettingsOf(store).map(({ setting, origin }) =>
    describe(setting, `Off-site copies: ${store.name}`, origin),
  );
}

function describe(setting: Setting<unknown>, group: string, origin: Origin): DescribedSetting {
  return {
    name: setting.name,
    group,
    value: mask(setting, origin.text || null),
    source: origin.variable ?? 'default',
    meaning: setting.meaning,
  };
}

function mask(setting: Setting<unknown>, text: string | null): string | null {
  if (text === null || setting.secret === undefined) return text;
  return setting.secret === 'whole' ? '***' : maskUrl(text);
}

/** A URL without its password; a text that is not plainly a URL is hidden whole. */
export function maskUrl(text: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return '***';
  const masked = rest.replaceAll(/([?&][a-z_-]*(?:password|pass|token|secret)=)[^&]*/gi, '$1***');
  const at = masked.lastIndexOf('@');
  if (at < 0) return scheme + masked;
  const [user = ''] = masked.slice(0, at).split(':', 1);
  return `${scheme}${user}:***@${masked.slice(at + 1)}`;
}
