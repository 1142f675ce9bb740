/** Log lines of the services: JSON by pino, or readable when a person looks at a terminal. */
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { pino, stdTimeFunctions } from 'pino';
import { type Logger, oneLine, printable, printableJson } from '@gofr-backup/model';
import { factText } from './job-log.ts';

export interface LogOptions {
  service: string;
  /** the least important lines that are written */
  level?: 'debug' | 'info' | 'warn' | 'error';
  /** auto: pretty on a terminal, else JSON */
  format?: 'auto' | 'json' | 'pretty';
  /** default: a terminal gets colours */
  color?: boolean;
  /** default: stdout */
  stream?: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Pretty-printing happens in this process: pino's transports are threads, which bundles lose. */
export function createLogger(options: LogOptions): Logger {
  const { service, level = 'info', format = 'auto', stream = process.stdout } = options;
  const terminal = stream.isTTY === true;
  const pretty = format === 'pretty' || (format === 'auto' && terminal);
  const settings = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: printableJson },
  };
  return pretty ? pino(settings, prettyStream(stream, options.color ?? terminal)) : pino(settings, stream);
}

const COLORS = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

function prettyStream(out: NodeJS.WritableStream, color: boolean): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      out.write(prettyLine(chunk.toString(), color));
      done();
    },
  });
}

/** One JSON line of pino as `02:00:00 INFO  message key=value`; anything else as it is, but printable. */
export function prettyLine(line: string, color: boolean): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return printable(line);
  }
  const { level, time, msg, service: _service, project: _project, ...facts } = record;
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const label = String(level).toUpperCase().padEnd(5);
  const shown = Object.entries(facts).map(
    ([key, value]) => ` ${paint('cyan', oneLine(key))}=${factText(messageOf(value))}`,
  );
  const style = COLORS[level as keyof typeof COLORS] ?? 'white';
  return `${String(time).slice(11, 19)} ${paint(style, label)} ${oneLine(String(msg))}${shown.join('')}\n`;
}

/** A serialized error without its stack. */
function messageOf(value: unknown): unknown {
  const error = typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
  return error ? value.message : value;
}
