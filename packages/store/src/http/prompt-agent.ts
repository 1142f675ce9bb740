/**
 * Agents whose connections are kept, and whose answers are acknowledged at once. A server that sends head and body apart, and leaves
 * Nagle's algorithm on (as Ceph's gateway does), sends the body when the head is acknowledged. On a connection that was used
 * before, the kernel puts that off for 40 ms.
 */
import { Agent, type ClientRequest } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { acknowledgeAtOnce } from '@gofr-backup/posix';

export class PromptAgent extends Agent {
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    acknowledged(socket, request);
  }
}

export class SecurePromptAgent extends SecureAgent {
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    acknowledged(socket, request);
  }
}

/** Before the request is sent it would be of no use, because sending puts acknowledgements off again. */
function acknowledged(socket: Duplex, request: ClientRequest): void {
  const { _handle: handle } = socket as { _handle?: { fd?: number } };
  const fd = handle?.fd ?? -1;
  if (fd >= 0) request.once('finish', () => acknowledgeAtOnce(fd));
}
