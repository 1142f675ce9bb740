/** A process for the kill tests: restores or recovers, and may kill itself before a step. */
import { recoverInterrupted } from './recover.ts';
import { restore } from './restore.ts';
import { type ChildOrders, contextFor } from './restoring.fixture.ts';

const { plan, operation, request, dieAt } = JSON.parse(process.argv[2]!) as ChildOrders;
let steps = 0;
const step = (): void => {
  if (steps++ === dieAt) process.kill(process.pid, 'SIGKILL');
};
process.stdout.write('began\n');
await (operation === 'restore'
  ? restore(contextFor(plan), request, { step })
  : recoverInterrupted(contextFor(plan), step));
process.stdout.write(`steps ${steps}\n`);
