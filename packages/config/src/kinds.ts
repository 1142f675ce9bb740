/**
 * The kinds of value a setting can have. A kind reads the text of an environment variable; its message says what is
 * wrong, `allowed` what would be right. Text arrives trimmed and is never empty.
 */
import path from 'node:path';
import * as z from 'zod';
import { exclusionProblem } from '@gofr-backup/archive';

export interface Kind<T> {
  schema: z.ZodType<T, string>;
  /** completes "must be …" */
  allowed: string;
  /** quotes and `#` mean something of their own in it */
  free?: true;
}

/** A schema from a parser that throws with the reason. */
export function parsed<T>(parse: (text: string) => T): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (reason) {
      context.addIssue({
        code: 'custom',
        message: reason instanceof Error ? reason.message : String(reason),
      });
      return z.NEVER;
    }
  });
}

function fail(reason: string): never {
  throw new Error(reason);
}

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];

export function readFlag(text: string): boolean {
  if (TRUE.includes(text.toLowerCase())) return true;
  return FALSE.includes(text.toLowerCase()) ? false : fail('is neither true nor false');
}

export const flag: Kind<boolean> = {
  allowed: 'true or false (also 1/0, yes/no, on/off)',
  schema: parsed(readFlag),
};

export function wholeNumber(min: number, max: number): Kind<number> {
  const read = (text: string): number => {
    if (!/^[+-]?\d+$/.test(text)) fail('is not a whole number');
    const value = Number(text);
    if (value < min) fail(`is below ${min}`);
    if (value > max) fail(`is above ${max}`);
    return value;
  };
  return { allowed: `a whole number from ${min} to ${max}`, schema: parsed(read) };
}

export function oneOf<const T extends string>(choices: readonly T[]): Kind<T> {
  const read = (text: string): T =>
    choices.find((choice) => choice === text.toLowerCase()) ?? fail('is not one of them');
  return { allowed: `one of ${choices.join(', ')}`, schema: parsed(read) };
}

export function matching(pattern: RegExp, allowed: string): Kind<string> {
  return {
    allowed,
    schema: parsed((text) => (pattern.test(text) ? text : fail('has characters that are not allowed'))),
  };
}

export const anyText: Kind<string> = { allowed: 'any text', free: true, schema: parsed((text) => text) };

/** The URL as it was written; protocols with their colon. */
export function urlOf(...protocols: string[]): Kind<string> {
  const allowed = `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  const read = (text: string): string =>
    URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : fail('is not such a URL');
  return { allowed, schema: parsed(read) };
}

/** A relative one counts from the working directory. */
export const directory: Kind<string> = {
  allowed: 'a directory, best given as an absolute path',
  schema: parsed((text) => (text.includes('\0') ? fail('has a NUL character') : path.resolve(text))),
};

export const directories: Kind<string[]> = {
  allowed: 'absolute directories, separated by commas',
  schema: parsed((text) =>
    listed(text).map((item) =>
      path.isAbsolute(item) ? path.resolve(item) : fail(`has \`${item}\`, which is not absolute`),
    ),
  ),
};

export const commaSeparated: Kind<string[]> = {
  allowed: 'a comma-separated list',
  schema: parsed(listed),
};

function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Patterns in the language of .gitignore, with braces. */
export const patterns: Kind<string[]> = {
  allowed: 'comma-separated patterns in the language of .gitignore, with braces',
  free: true,
  schema: parsed((text) => {
    const found = splitPatterns(text)
      .map(trimmed)
      .filter((pattern) => pattern !== '');
    const wrong = found.map((pattern) => [pattern, exclusionProblem(pattern)] as const);
    const reasons = wrong.flatMap(([pattern, problem]) => (problem ? [`\`${pattern}\` ${problem}`] : []));
    if (found[0]?.startsWith('!'))
      reasons.push(`\`${found[0]}\` brings back what no pattern before it leaves out`);
    return reasons.length === 0 ? found : fail(`cannot work: ${reasons.join('; ')}`);
  }),
};

/** Commas within braces, or after a backslash, belong to their pattern. */
function splitPatterns(text: string): string[] {
  const found = [''];
  let depth = 0;
  for (const [piece] of text.matchAll(/\\.|./gs)) {
    if (piece === '{') depth++;
    if (piece === '}' && depth > 0) depth--;
    if (piece === ',' && depth === 0) found.push('');
    else found[found.length - 1] += piece;
  }
  return found;
}

/** An escaped space at the end is part of the name. */
const trimmed = (pattern: string): string => pattern.trimStart().replace(/(?<!\\)\s+$/, '');

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes; K, M, G, T are powers of 1024, with or without `B` or `iB`. */
export const byteCount: Kind<number> = {
  allowed: 'bytes, with K, M, G or T for powers of 1024 (10MB, 1.5G)',
  schema: parsed((text) => {
    const [, number, unit] =
      /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? fail('is not a number of bytes');
    const bytes = Math.round(Number(number) * (UNITS[(unit ?? '').toLowerCase()] ?? 1));
    return Number.isSafeInteger(bytes) ? bytes : fail('is too large');
  }),
};

const DURATIONS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. */
export const duration: Kind<number> = {
  allowed: 'a time with s, m or h (90s, 5m, 1h)',
  schema: parsed((text) => {
    const [, number, unit] = /^(\d+)\s*([smh])$/i.exec(text) ?? fail('is not a time with its unit');
    const milliseconds = Number(number) * (DURATIONS[(unit ?? '').toLowerCase()] ?? 1);
    if (milliseconds === 0) fail('is zero');
    return milliseconds <= 86_400_000 ? milliseconds : fail('is longer than a day');
  }),
};

/** IANA names only: a POSIX `TZ` such as `CET-1CEST` or an offset has no calendar rules the schedule could follow. */
export const zone: Kind<string> = {
  allowed: 'the IANA name of a time zone',
  schema: parsed((text) => {
    const name = text.replace(/^:/, '');
    if (!/^[A-Za-z]/.test(name)) fail('is not the name of a time zone');
    try {
      new Intl.DateTimeFormat('en', { timeZone: name });
    } catch {
      fail('is not a time zone this system knows');
    }
    return name;
  }),
};
