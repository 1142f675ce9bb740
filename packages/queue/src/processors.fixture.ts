/** For tests of the queue: processors that do what the test says. */
import type { Processors } from './jobs/index.ts';

const refuse = (): never => {
  throw new Error('this test runs no such job');
};

export const idle = (some: Partial<Processors>): Processors => ({
  backup: refuse,
  verify: refuse,
  prune: refuse,
  restore: refuse,
  drill: refuse,
  copy: refuse,
  undelete: refuse,
  ...some,
});
