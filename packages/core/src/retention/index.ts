/** Pure: (catalogue, policy, now) to keep or remove, with reasons; promotion. */
export { anomalyHold } from './anomaly.ts';
export { newestGood } from './newest-good.ts';
export { planPrune } from './plan-prune.ts';
export { promotionsFor } from './promotions.ts';
