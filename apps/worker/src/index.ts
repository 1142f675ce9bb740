/** Does the work: one processor a job contract, composed of the core's operations. */
export { start, type Service, type StartOptions } from './start.ts';
