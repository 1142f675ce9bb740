/** What is looked at before anything goes wrong. */
export { HEALTH_CHECKS, judgeHealth } from './health-checks.ts';
export type { HealthFacts, HealthLine, StoreFacts } from './health-checks.ts';
export { liveServerHint, liveServers, liveServerText } from './live-servers.ts';
export { lookLocally } from './look.ts';
export type { LocalFacts } from './look.ts';
