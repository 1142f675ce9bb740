export { anomalyHold } from './anomaly.ts';
export { planPrune } from './plan-prune.ts';
export { promotionsFor } from './promotions.ts';
