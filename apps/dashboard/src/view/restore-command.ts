/** The commands that a person types to restore. */
import { shellWord } from '@gofr-backup/model';

export interface RestoreAsk {
  backup: string;
  /** in display form; absent: everything */
  path?: string | undefined;
  /** a new directory */
  to?: string;
  salvage?: boolean;
}

export interface ShownCommand {
  /** where it is typed */
  title: string;
  command: string;
}

const PLAIN = 'gofr-backup restore';
const COMPOSE = 'docker compose run --rm restore';

/** `own`: how it begins on this host (DASHBOARD_RESTORE_COMMAND). */
export function restoreCommands(own: string, ask: RestoreAsk): ShownCommand[] {
  const words = wordsOf(ask);
  const first = { title: own === PLAIN ? 'On this host' : 'Here', command: `${own} ${words}` };
  const other =
    own === PLAIN
      ? { title: 'With compose', command: `${COMPOSE} ${words}` }
      : { title: 'Where gofr-backup is installed', command: `${PLAIN} ${words}` };
  return [first, other];
}

function wordsOf({ backup, path, to, salvage }: RestoreAsk): string {
  const words = [backup];
  if (path !== undefined) words.push('--path', path);
  if (salvage) words.push('--salvage');
  if (to !== undefined) words.push('--to', to);
  return words.map(shellWord).join(' ');
}
