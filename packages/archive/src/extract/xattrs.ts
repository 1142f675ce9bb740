/** Extended attributes, set by setfattr(1): Node has no call for them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ArchiveEntry, type BytePath, displayPath, joinPath, type Warning } from '@gofr-backup/model';

/** Sets all attributes by one call. An attribute that cannot be set is a warning, because the content is right. */
export async function restoreXattrs(entries: Iterable<ArchiveEntry>, root: BytePath): Promise<Warning[]> {
  const dump = [...entries].map((entry) => dumpOf(entry, root)).join('');
  if (dump === '') return [];
  const child = spawn('setfattr', ['-h', '--restore=-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr
    .setEncoding('latin1')
    .on('data', (text: string) => (complaints = (complaints + text).slice(0, 100_000)));
  child.stdin.on('error', () => {});
  child.stdin.end(Buffer.from(dump, 'latin1'));
  try {
    await once(child, 'close');
  } catch {
    return [
      warning('The program setfattr is missing (apt install attr): extended attributes were not restored.'),
    ];
  }
  return complaints
    .split('\n')
    .filter(Boolean)
    .map((line) => warning(displayPath(line)));
}

/** The format of `getfattr --dump`; names octal-escaped as it does. */
function dumpOf({ path, xattrs }: ArchiveEntry, root: BytePath): BytePath {
  const lines = [...xattrs!].map(([name, value]) => `${escaped(name)}=0s${value.toString('base64')}\n`);
  return `# file: ${escaped(joinPath(root, path))}\n${lines.join('')}\n`;
}

function escaped(text: BytePath): BytePath {
  return text.replace(
    /[\\=\r\n\0-\x1f]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

function warning(message: string): Warning {
  return { code: 'xattrs', message };
}
