/** The arguments as the shell gave them. Node reads them as UTF-8, and the name of a file need not be that. */
import { readFileSync, readlinkSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { type BytePath, displayPath, pathText, toBytePath } from '@gofr-backup/model';

/** What Node makes of bytes that are no UTF-8. */
const LOST = '\ufffd';

/** Each as text that toBytePath turns back into its bytes. `argv`: as Node has them. */
export function givenArguments(argv: readonly string[]): readonly string[] {
  if (!argv.some((argument) => argument.includes(LOST))) return argv;
  // an older Node has handed over to this one, and could not hand the bytes over
  const commands = ['self', String(process.ppid)].map(commandOf);
  const given = commands.map((command) => command.slice(-argv.length)).find((one) => isOf(one, argv));
  return given?.map(pathText) ?? argv;
}

function commandOf(processId: string): BytePath[] {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, 'latin1').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Whether Node reads these bytes so, and they are none that it has made itself. */
function isOf(command: readonly BytePath[], argv: readonly string[]): boolean {
  const bytes = command.map((argument) => Buffer.from(argument, 'latin1'));
  const isSame = bytes.length === argv.length && bytes.every((one, n) => one.toString('utf8') === argv[n]);
  return isSame && command.some((argument) => !pathText(argument).isWellFormed());
}

/** A path of the archive, in display form. */
export const archivePath = (argument: string): string =>
  argument.isWellFormed() ? argument : displayPath(toBytePath(argument));

/** By the working directory, whose name need not be UTF-8 either. */
export const absolutePath = (argument: string): string =>
  isAbsolute(argument)
    ? resolve(argument)
    : resolve(pathText(readlinkSync('/proc/self/cwd', 'latin1')), argument);
