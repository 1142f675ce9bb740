import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span in OTLP/JSON, as far as tests ask for it. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: { key: string; value: Record<string, unknown> }[];
  events?: unknown[];
  status: { code?: number };
}

export interface Collector {
  /** for OTLP_URL */
  url: string;
  spans: ReceivedSpan[];
  /** each request as it came, with the headers in front */
  texts: string[];
  /** requests that wait for an answer */
  waiting: Set<ServerResponse>;
  stop(): Promise<void>;
}

/** An OpenTelemetry collector on loopback: takes traces by OTLP/HTTP, or (`hangs`) takes them and never answers. */
export async function traceCollector({ hangs = false } = {}): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const texts: string[] = [];
  const waiting = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    waiting.add(response);
    response.on('close', () => waiting.delete(response));
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      texts.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}\n${body}`);
      if (hangs) return;
      spans.push(...spansIn(body));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    texts,
    waiting,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface TraceRequest {
  resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[];
}

function spansIn(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body) as TraceRequest;
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
}
