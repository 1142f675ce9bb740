/** The judgement on all backups: pure, from facts that others gathered. */
export { forecast } from './forecast.ts';
export type { Disk, Forecast } from './forecast.ts';
export { madeAt } from './moment.ts';
export { safety } from './safety.ts';
export type { LastRun, Safety, SafetyFacts, SafetyProblem } from './safety.ts';
export { storeProblems } from './store-problems.ts';
export type { StoreLimits, StoreProblem } from './store-problems.ts';
export { survey } from './survey.ts';
export type { Dated, Survey } from './survey.ts';
