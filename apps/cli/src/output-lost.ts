/** What happens when standard output takes no more. Loads nothing: it is there for every command, `--version` too. */

let code: number | undefined;

/** The exit code that a lost answer asks for, whatever the command itself answered. */
export const lostOutput = (): number | undefined => code;

/** `gofr-backup files … | head` ends quietly; a full disk or a broken terminal is told. */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    if (code !== undefined) return;
    code = 74;
    process.exitCode = code;
    const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    process.stderr.write(
      `gofr-backup: The output could not be written\n  why: ${full ? 'the disk is full' : error.message}\n` +
        `  to do: ${full ? 'Free space where standard output leads' : 'Check where standard output leads'}, and run it again.\n`,
    );
  });
}
