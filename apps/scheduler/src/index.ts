/** Puts the schedule into the queue. No backup logic. */
export { start, type Service, type StartOptions } from './start.ts';
