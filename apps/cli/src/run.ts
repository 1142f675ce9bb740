/** Runs one verb: opens the session, and turns whatever goes wrong into an exit code. */
import { BackupError, ERRORS, toBackupError } from '@gofr-backup/model';
import { reportError } from './errors.ts';
import { screenOn } from './screen.ts';
import { openSession, type Session } from './session.ts';
import type { Verb } from './verb.ts';

export async function runWith({ verb, json, load, args, options }: Verb): Promise<number> {
  let session: Session | undefined;
  try {
    session = openSession(json, purposeOf(verb, options));
    const { run } = await load();
    return (await run(session, args, options as never)) ?? 0;
  } catch (error) {
    session?.screen.clear();
    return reportError(
      pointed(toBackupError(error, `gofr-backup ${verb}`), verb),
      json,
      session?.screen ?? screenOn(process.stderr),
    );
  } finally {
    session?.releaseSignals();
  }
}

/** They must work on the bad day, whatever is wrong with settings that they do not need. */
const RECOVERY = new Set(
  'list show files cat find history diff export verify drill restore rebuild'.split(' '),
);

/** With a store its settings are needed. */
const purposeOf = (verb: string, options: { store?: string }): 'all' | 'recovery' =>
  RECOVERY.has(verb) && options.store === undefined ? 'recovery' : 'all';

/** What the parser complained about, in the form of every other error. */
export function reportUsage(argv: readonly string[], complaint: string): number {
  const verb = argv.find((arg) => !arg.startsWith('-'));
  return reportError(usageError(verb, complaint), argv.includes('--json'), screenOn(process.stderr));
}

function usageError(verb: string | undefined, complaint: string): BackupError {
  if (verb === undefined)
    return new BackupError('USAGE', 'No command was given', {
      why: 'gofr-backup needs one, such as `now` or `list`',
    });
  const [first = '', guess] = complaint.trim().split(/\n(?=\()/);
  const nearest = /^\(Did you mean (.+)\?\)$/s.exec(guess ?? '')?.[1];
  const meant = nearest === undefined ? '' : `. Did you mean "${nearest}"?`;
  const what = first.replace(/^error: /, '').replaceAll("'", '"');
  if (what.startsWith('unknown command'))
    return new BackupError('USAGE', `Unknown command ${JSON.stringify(verb)}${meant}`, {
      why: 'gofr-backup has no command of this name',
    });
  const own = { why: `${what}${meant}`, hint: helpOf(verb) };
  return new BackupError('USAGE', `\`gofr-backup ${verb}\` was called incorrectly`, own);
}

const helpOf = (verb: string): string => `See \`gofr-backup ${verb} --help\`.`;

/** A mistake in the call points at the command's own help, unless it knows something better. */
function pointed(error: BackupError, verb: string): BackupError {
  const { code, message, why, hint, details, cause } = error;
  if (code !== 'USAGE' || hint !== ERRORS.USAGE.hint) return error;
  return new BackupError(code, message, { why, hint: helpOf(verb), details, cause });
}
