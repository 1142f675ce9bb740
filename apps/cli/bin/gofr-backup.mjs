#!/usr/bin/env node
// Starts under whatever Node is there: an older one hands over to the Node 24 that comes with the checkout.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
// 24.21 is the first 24 whose SQLite deletes no file that a planted journal names
const recentEnough = major >= 26 || (major === 24 && minor >= 21);

const REPAIR = 'run `npm run setup` in the checkout';
const UPDATE = 'install Node 24 (https://nodejs.org) and put it first on PATH';
const source = here('../src/main.ts');
const isCheckout = existsSync(source);

if (recentEnough) {
  await import(isCheckout ? source : here('../dist/main.js'));
} else {
  const ours = ['../../../node_modules/.bin/node', '../../../node_modules/node/bin/node'].map(here);
  handOver(isCheckout ? ours.find(existsSync) : undefined);
}

/** Signals to this process reach the other one; its way of ending becomes ours. */
function handOver(node) {
  if (node === undefined) {
    process.stderr.write(
      `gofr-backup: this needs Node 24.21, or 26 or newer\n` +
        `  why: it was started by Node ${process.versions.node}${isCheckout ? ', and the checkout is not set up' : ''}\n` +
        `  to do: ${isCheckout ? REPAIR : UPDATE}\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.removeAllListeners(signal ?? 'SIGTERM');
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}
