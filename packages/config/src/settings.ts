/** Every setting, described once. A new one is a new entry in its group, or a new group here. */
import { alerts } from './settings/alerts.ts';
import { archive } from './settings/archive.ts';
import { commands } from './settings/commands.ts';
import { content } from './settings/content.ts';
import { dashboard } from './settings/dashboard.ts';
import { offsite } from './settings/offsite.ts';
import { output } from './settings/output.ts';
import { places } from './settings/places.ts';
import { retention } from './settings/retention.ts';
import { schedule } from './settings/schedule.ts';
import type { Origin, Setting } from './setting.ts';
import type { StoreSettings } from './stores.ts';

/** In the order documents show them. */
export const GROUPS = {
  Schedule: schedule,
  'What is backed up': content,
  'The archive': archive,
  Retention: retention,
  Places: places,
  'Off-site copies': offsite,
  Commands: commands,
  Alerts: alerts,
  Dashboard: dashboard,
  Output: output,
} as const;

export const SETTINGS = {
  ...schedule,
  ...content,
  ...archive,
  ...retention,
  ...places,
  ...offsite,
  ...commands,
  ...alerts,
  ...dashboard,
  ...output,
} as const;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

/** The typed values, one per setting, in camelCase. */
export type Values = {
  [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

export interface Settings extends Values {
  project: string;
  /** of OFFSITES, or the one of OFFSITE_URL */
  stores: StoreSettings[];
  origins: Record<SettingKey, Origin>;
  /** what a command of the operator gets of this process's environment */
  surroundings: Record<string, string>;
  /** unknown variables and the like: worth a line on stderr, not worth failing */
  warnings: string[];
}

/** `GOFR_PLOT_BACKUP_` for project `plot`; dashes become underscores. */
export function variablePrefix(project: string): string {
  return `GOFR_${project.toUpperCase().replaceAll('-', '_')}_BACKUP_`;
}
