/** For tests only: what every store is held against, and one with faults. */
export { describeStore } from './contract.ts';
export { faulty } from './faulty.ts';
export type { Fault, Faults, Verb } from './faulty.ts';
export { MemoryStore } from './memory-store.fixture.ts';
