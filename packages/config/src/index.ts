/** Settings: described once in settings.ts, read once in load.ts, shown by describe.ts and render.ts. */
export { describeSettings, maskUrl } from './describe.ts';
export type { DescribedSetting } from './describe.ts';
export { type AlertPlan, alertPlanFrom } from './alert-plan.ts';
export { checkCron, nextRuns } from './cron.ts';
export { lastTimeOf, longestGap, maxAgeOf, maxCopyAges } from './freshness.ts';
export { loadSettings } from './load.ts';
export type { Environment, SettingProblem } from './origin.ts';
export { planFrom } from './plan.ts';
export type { TrustedProxies } from './proxies.ts';
export { renderComposeSettings } from './render-compose.ts';
export { renderConfigurationDoc, renderEnvExample, renderErrorsDoc } from './render.ts';
export { GROUPS, SETTING_KEYS, SETTINGS, variablePrefix } from './settings.ts';
export type { SettingKey, Settings } from './settings.ts';
export type { Origin, Setting } from './setting.ts';
export { copyPlansFrom, storePlanOf, storePlansFrom } from './store-plan.ts';
export type { StoreSettings } from './stores.ts';
