/** Whether a copy of a database is whole. SQLite runs expressions of the schema for that, so it is a child's work. */
import { DatabaseSync } from 'node:sqlite';
import { type BytePath, bytesOf } from '@gofr-backup/model';
import { diskUsage, openingProblem } from './companions.ts';

/** `proven`: the content is at fault, and not a full disk, a missing right, or a limit that the check ran into. */
export interface IntegrityFinding {
  problem: string;
  proven: boolean;
}

/** No CHECK is run, and no function in the schema that could do harm; https://www.sqlite.org/security.html. */
const CAREFUL = `
  PRAGMA trusted_schema = OFF;
  PRAGMA ignore_check_constraints = ON;
  PRAGMA cell_size_check = ON;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -2000`;

/**
 * undefined: whole, or not to be judged here. Only for a copy: SQLite first finishes what a crash left unfinished, as it
 * would for any program that opens the database.
 */
export function checkIntegrity(path: BytePath): IntegrityFinding | undefined {
  const refusal = openingProblem(path);
  if (refusal !== undefined) return { problem: refusal, proven: false };
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(bytesOf(path), { defensive: true, limits: limitsFor(path) });
    database.exec(CAREFUL);
    const rows = database.prepare('PRAGMA integrity_check(3)').all() as { integrity_check: string }[];
    const text = rows.map((row) => row.integrity_check).join('; ');
    return text === 'ok' ? undefined : { problem: text, proven: true };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    if (OF_THE_APPLICATION.test(problem)) return undefined;
    return { problem, proven: CONTENT_ERRORS.has(resultCodeOf(error)) };
  } finally {
    database?.close();
  }
}

/** What an application brings itself and is not here proves nothing about the file. */
const OF_THE_APPLICATION = /no such (module|function|collation sequence)|unknown (function|tokenizer)/;

/** https://www.sqlite.org/rescode.html: SQLITE_CORRUPT and SQLITE_NOTADB */
const CONTENT_ERRORS: ReadonlySet<number> = new Set([11, 26]);

/** The primary code is the low byte of an extended one. */
const resultCodeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1;

const MOST_BYTES = 1_000_000_000;

/** No value of a database is larger than the database, only one that an expression of its schema makes. */
function limitsFor(path: BytePath): { length: number; attach: number; triggerDepth: number } {
  const length = Math.min(Math.max(4 * diskUsage(path), 1 << 20), MOST_BYTES);
  return { length, attach: 0, triggerDepth: 1 };
}
