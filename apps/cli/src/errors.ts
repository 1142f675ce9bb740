/** The one place where an error becomes what a person reads and what a script gets. */
import { type BackupError, jsonText } from '@gofr-backup/model';
import type { Screen } from './screen.ts';

/**
 * What happened, why, what to do, on stderr; with `json` the document on stdout instead.
 * Answers the exit code. Only the reasons of CONFIG, one for each setting, take more than a line.
 */
export function reportError(error: BackupError, json: boolean, screen: Screen): number {
  if (json) {
    const { code, message, why, hint, details } = error;
    process.stdout.write(`${jsonText({ error: { code, message, why, hint, details } }, 2)}\n`);
    return error.exit;
  }
  screen.line(`gofr-backup: ${firstLine(error.message)}`);
  for (const reason of reasons(error)) screen.line(`  why: ${reason}`);
  screen.line(`  to do: ${firstLine(error.hint)}`);
  return error.exit;
}

function reasons({ code, why }: BackupError): string[] {
  if (why === '') return ['no further reason is known'];
  return code === 'CONFIG' ? why.split('\n') : [why.split(/\s*\n\s*/).join(' ')];
}

const firstLine = (text: string): string => text.split(/\s*\n\s*/).join(' ');
