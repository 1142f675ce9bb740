/** The command line: every verb with its arguments and options. A verb's module is loaded when it runs. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { VERSION_TEXT } from '@gofr-backup/model/version';
import type { VerbAction } from './verb.ts';

type Load = () => Promise<{ run: VerbAction }>;

const TIERS = ['daily', 'weekly', 'monthly'];

export function buildProgram(done: (code: number) => void): Command {
  const program = new Command('gofr-backup')
    .description('Backs up the volumes of a running service as plain tar archives, and brings them back.')
    .version(VERSION_TEXT, '-V, --version')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride();

  const verb = (usage: string, summary: string, load: Load, loadOfStore?: Load): Command => {
    const command = program
      .command(usage)
      .description(summary)
      .option('--json', 'one JSON document on stdout, logs on stderr')
      .exitOverride()
      .action(async (...given: unknown[]) => done(await runVerb(given, load, loadOfStore)));
    return loadOfStore ? ofStore(command) : command;
  };

  program.commandsGroup('Services:');
  verb(
    'serve',
    'scheduler and worker in one, with a private Redis when REDIS_URL is unset',
    () => import('./commands/services/serve.ts'),
  );
  verb('scheduler', 'the scheduler alone', () => import('./commands/services/scheduler.ts'));
  verb('worker', 'one worker alone', () => import('./commands/services/worker.ts'));
  verb('dashboard', 'the web page', () => import('./commands/services/dashboard.ts'));

  program.commandsGroup('Backups:');
  verb('now', 'back up now, and follow it to its end', () => import('./commands/now.ts'))
    .addArgument(new Argument('[tier]', 'make one of this tier directly').choices(TIERS))
    .option('--no-wait', 'leave it to the running service');
  verb(
    'list',
    'the backups there are',
    () => import('./commands/list.ts'),
    () => import('./store/list.ts'),
  )
    .addOption(new Option('--tier <tier>', 'only this one').choices(TIERS))
    .option('--trash', 'the pruned ones that `undelete` can bring back, and for how long');
  verb(
    'show <name>',
    "one backup's record",
    () => import('./commands/show.ts'),
    () => import('./store/show.ts'),
  );
  verb(
    'files <name> [path]',
    'what is in a backup',
    () => import('./commands/files.ts'),
    () => import('./store/files.ts'),
  );
  verb(
    'cat <name> <path>',
    'one file out of a backup, to stdout',
    () => import('./commands/cat.ts'),
    () => import('./store/cat.ts'),
  );
  verb(
    'find <pattern>',
    'where a file is, over all backups',
    () => import('./commands/find.ts'),
    () => import('./store/find.ts'),
  ).option('-i, --ignore-case', 'capital and small letters are the same');
  verb(
    'history <path>',
    'the versions of a file, over all backups',
    () => import('./commands/history.ts'),
    () => import('./store/history.ts'),
  );
  verb(
    'diff <name> <other>',
    'what changed between two backups',
    () => import('./commands/diff.ts'),
    () => import('./store/diff.ts'),
  );
  verb(
    'export <name> [path]',
    'a backup, or a folder of it, as a tar stream on stdout',
    () => import('./commands/export.ts'),
    () => import('./store/export.ts'),
  );
  verb(
    'prune',
    'apply retention now',
    () => import('./commands/prune.ts'),
    () => import('./store/prune.ts'),
  )
    .option('--dry-run', 'only say what would go, and why')
    .option('--force', 'prune even while it is on hold');
  verb('pin <name>', 'keep a backup whatever retention says', () => import('./commands/pin.ts'));
  verb('unpin <name>', 'let retention decide about it again', () => import('./commands/unpin.ts'));
  verb(
    'undelete [name]',
    'bring a pruned backup back from the trash, pinned; without a name: what lies there',
    () => import('./commands/undelete.ts'),
  );
  verb('rebuild', 'write manifest.json anew from the directory', () => import('./commands/rebuild.ts'));

  program.commandsGroup('Off-site:');
  ofStore(
    verb('copy [name]', 'copy backups to the stores', () => import('./commands/copy.ts'))
      .option('--all', 'every good backup that the store does not have; default: what is newer')
      .option('--back', 'bring a copy back into the backup directory (the newest without a name)')
      .option('--take-over', 'copy from this host, though another one did before'),
  );
  ofStore(
    verb('key', 'keys for the copies', () => import('./commands/key.ts'))
      .addArgument(
        new Argument('<what>', 'new: make both keys; check: prove that one opens the newest copy').choices([
          'new',
          'check',
        ]),
      )
      .option('--out <file>', 'new: where the key of operation goes (default: key.txt)')
      .option('--page <file>', 'new: a page with the recovery key, to print')
      .option('--passphrase', 'new: wrap the key of operation in a passphrase'),
  );

  program.commandsGroup('Recovery:');
  const here = () => new Option('--here', 'in this process, not through the queue');
  verb(
    'verify [names...]',
    'read backups back in full',
    () => import('./commands/verify.ts'),
    () => import('./store/verify.ts'),
  )
    .option('--latest', 'the newest good one (default)')
    .option('--all', 'every one')
    .addOption(here());
  verb(
    'drill [name]',
    'a test restore into a scratch directory, to prove that restoring works',
    () => import('./commands/drill.ts'),
    () => import('./store/drill.ts'),
  )
    .option('--latest', 'the newest good one (default)')
    .addOption(here());
  verb(
    'restore [name]',
    'bring a backup back',
    () => import('./commands/restore.ts'),
    () => import('./store/restore.ts'),
  )
    .option('--latest', 'the newest good one')
    .option('--before <time>', 'the newest good one before it, e.g. "2025-12-13 02:00"')
    .option('--interactive', 'choose from a list')
    .option('--only <components>', 'only these, e.g. storage,auth', commaSeparated)
    .option('--path <path>', 'only this path of the archive, e.g. data/storage/x (repeatable)', repeatable)
    .option('--to <dir>', 'extract into this directory instead of replacing the data')
    .option('--merge', 'lay it over what is there instead of replacing it')
    .option('--trust-modes', 'with setuid, setgid and capabilities of a backup that others made')
    .option('--salvage', 'with --to: every file of a damaged backup that proves right')
    .option('--dry-run', 'only say what would change')
    .option('--no-safety-backup', 'do not save the present state first')
    .option('--yes', 'do not ask')
    .addOption(here());

  program.commandsGroup('Looking:');
  verb(
    'status',
    'service, queue, next and last run, newest good backup, disk',
    () => import('./commands/status.ts'),
  );
  ofStore(
    verb(
      'doctor',
      'whether all is set up well: each line ok, or what to do; with --store, what the store costs',
      () => import('./commands/doctor.ts'),
    ).option('--test-alerts', 'send a test through every channel'),
  );
  verb('alerts', 'the alerts that are not over', () => import('./commands/alerts.ts')).option(
    '--acknowledge <id>',
    'this one was seen: it counts as resolved, and comes again when it gets worse or begins anew',
  );
  verb('resume', 'let the jobs of a paused queue begin', () => import('./commands/queue/resume.ts'));
  verb('logs <job>', 'the log of one job', () => import('./commands/queue/logs.ts'));
  verb('notify', 'try the alerts that are set up', () => import('./commands/notify.ts')).option(
    '--test',
    'send a test through every channel and report the results',
  );
  verb('config', 'every effective setting and where it came from', () => import('./commands/config.ts'));
  program
    .command('completion')
    .description('completion for a shell, to be sourced by it')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .exitOverride()
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionFor } = await import('./completion.ts');
      process.stdout.write(completionFor(shell, program));
      done(0);
    });
  return program;
}

/** Options of the commands that can speak of what lies in a store. */
const ofStore = (command: Command): Command =>
  command
    .option('--store <store>', 'in this store: a name of the settings, or a URL')
    .option('--identity <file>', 'the file with the private key of the copies');

const commaSeparated = (text: string): string[] => text.split(',').map((item) => item.trim());
const repeatable = (text: string, previous: string[] | undefined): string[] => [...(previous ?? []), text];

/** Commander hands over the arguments, then the options, then the command. */
async function runVerb(given: unknown[], loadHere: Load, loadOfStore: Load = loadHere): Promise<number> {
  const [options, command] = given.slice(-2) as [{ json?: boolean; store?: string }, Command];
  const load = options.store === undefined ? loadHere : loadOfStore;
  const args = given.slice(0, -2).flat() as (string | undefined)[];
  const { runWith } = await import('./run.ts');
  const present = args.filter((arg) => arg !== undefined);
  return runWith({ verb: command.name(), json: options.json === true, load, args: present, options });
}

/** Answers the exit code; prints every error itself. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = buildProgram((ended) => (code = ended));
  const complaints: string[] = [];
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeErr: (text) => complaints.push(text) });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    const { reportUsage } = await import('./run.ts');
    return reportUsage(argv, complaints.join('') || error.message);
  }
}
