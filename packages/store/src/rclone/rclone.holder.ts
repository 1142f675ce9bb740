/** Starts rclone, says where, and waits to be killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRclone } from './rclone-child.ts';

const { server } = await startRclone(60_000);
process.send!(server.url);
await sleep(600_000);
