/** Completion scripts made from the commands themselves; names of backups are asked for when Tab is pressed. */
import type { Command } from 'commander';
import { shellQuoted } from '@gofr-backup/model';

type Shell = 'bash' | 'zsh' | 'fish';

interface Verb {
  name: string;
  summary: string;
  options: { flag: string; summary: string }[];
  choices: string[];
  /** whose names it takes */
  names: keyof typeof NAMES | undefined;
}

export function completionFor(shell: Shell, program: Command): string {
  const verbs = program.commands.map(verbOf);
  return { bash, zsh, fish }[shell](verbs);
}

function verbOf(command: Command): Verb {
  return {
    name: command.name(),
    summary: command.description(),
    options: command.options.map(({ long, description }) => ({ flag: long ?? '', summary: description })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    names: namesFor(command),
  };
}

function namesFor(command: Command): Verb['names'] {
  if (!/^names?$/.test(command.registeredArguments[0]?.name() ?? '')) return undefined;
  return command.name() === 'undelete' ? 'trash' : 'backups';
}

const namesIn = (list: string): string =>
  `gofr-backup ${list} --json 2>/dev/null | sed -n 's/^ *"filename": "\\(.*\\)",*$/\\1/p'`;
/** The commands that print names, one a line. */
const NAMES = { backups: namesIn('list'), trash: namesIn('list --trash') };

function bash(verbs: Verb[]): string {
  const cases = verbs.map((verb) => {
    const words = [...verb.choices, ...verb.options.map(({ flag }) => flag), '--help'].join(' ');
    return `    ${verb.name}) words="${words}"${verb.names ? ` names=${verb.names}` : ''} ;;`;
  });
  return `# bash completion for gofr-backup:  source <(gofr-backup completion bash)
_gofr_backup() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" names=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${verbs.map(({ name }) => name).join(' ')} --help --version"
  else
    case "\${COMP_WORDS[1]}" in
${cases.map((line) => `  ${line}`).join('\n')}
    esac
    case "$names:$current" in
      *:-*) ;;
      backups:*) words="$(${NAMES.backups})" ;;
      trash:*) words="$(${NAMES.trash})" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _gofr_backup gofr-backup
`;
}

function zsh(verbs: Verb[]): string {
  const described = verbs.map(
    ({ name, summary }) => `    ${shellQuoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`,
  );
  const cases = verbs.map((verb) => {
    const options = [...verb.options, { flag: '--help', summary: 'how to call it' }].map(
      ({ flag, summary }) => shellQuoted(`${flag}[${summary.replaceAll(/[[\]]/g, '')}]`),
    );
    const positional = verb.names
      ? [`'*:backup:_gofr_backup_${verb.names}'`]
      : verb.choices.length > 0
        ? [`'1:choice:(${verb.choices.join(' ')})'`]
        : [];
    return `      ${verb.name}) _arguments ${[...options, ...positional].join(' ')} ;;`;
  });
  return `#compdef gofr-backup
# zsh completion for gofr-backup:  source <(gofr-backup completion zsh)
_gofr_backup_backups() {
  local -a names=(\${(f)"$(${NAMES.backups})"})
  compadd -a names
}
_gofr_backup_trash() {
  local -a names=(\${(f)"$(${NAMES.trash})"})
  compadd -a names
}
_gofr_backup() {
  local -a verbs=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' verbs
  else
    local verb="\${words[2]}"
    shift words
    (( CURRENT-- ))
    case "$verb" in
${cases.join('\n')}
    esac
  fi
}
compdef _gofr_backup gofr-backup
`;
}

function fish(verbs: Verb[]): string {
  const lines = verbs.flatMap((verb) => {
    const inVerb = `-n '__fish_seen_subcommand_from ${verb.name}'`;
    return [
      `complete -c gofr-backup -n __fish_use_subcommand -a ${verb.name} -d ${shellQuoted(verb.summary)}`,
      ...verb.options.map(
        ({ flag, summary }) =>
          `complete -c gofr-backup ${inVerb} -l ${flag.slice(2)} -d ${shellQuoted(summary)}`,
      ),
      ...(verb.choices.length > 0
        ? [`complete -c gofr-backup ${inVerb} -a '${verb.choices.join(' ')}'`]
        : []),
      ...(verb.names ? [`complete -c gofr-backup ${inVerb} -a '(__gofr_backup_${verb.names})'`] : []),
    ];
  });
  return `# fish completion for gofr-backup:  gofr-backup completion fish | source
function __gofr_backup_backups
  ${NAMES.backups}
end
function __gofr_backup_trash
  ${NAMES.trash}
end
complete -c gofr-backup -f
${lines.join('\n')}
`;
}
