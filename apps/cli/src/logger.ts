/** The log of a one-off command: on stderr, quiet unless LOG_LEVEL was set. Services log with pino. */
import { type Clock, jsonText, type Logger } from '@gofr-backup/model';
import type { Colours } from './colour.ts';
import type { Screen } from './screen.ts';

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof LEVELS;

export interface LoggerOptions {
  level: Level;
  json: boolean;
  screen: Screen;
  colours: Colours;
  clock: Clock;
}

export function commandLogger(options: LoggerOptions): Logger {
  const at = (level: Level) => (fields: object, message: string) => {
    if (LEVELS[level] < LEVELS[options.level]) return;
    const render = options.json ? asJson : asText;
    options.screen.line(render(level, fields, message, options));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function asJson(level: Level, fields: object, message: string, { clock }: LoggerOptions): string {
  return jsonText({ level: LEVELS[level], time: clock.now(), ...plainFields(fields), msg: message });
}

function asText(level: Level, fields: object, message: string, { colours }: LoggerOptions): string {
  const paint = { debug: colours.dim, info: colours.dim, warn: colours.warn, error: colours.bad }[level];
  const label = level === 'warn' ? 'warning' : level;
  const facts = Object.entries(plainFields(fields)).map(([key, value]) => `${key}=${show(value)}`);
  return `${paint(`${label}:`)} ${message}${facts.length > 0 ? ` ${colours.dim(facts.join(' '))}` : ''}`;
}

const show = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function plainFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? value.message : value]),
  );
}
