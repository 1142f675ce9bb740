/**
 * Who writes: one host for each place, because two writers, each of whom reuses and removes packs by what it knows itself, lose
 * data. `writer/<number>.json` is put once; the highest number counts. A store that refuses to overwrite gives a
 * number to one host alone.
 */
import { BackupError } from '@gofr-backup/model';
import { z } from 'zod';
import { isoUtc } from '../repository/index.ts';
import { parseWriterObject, WRITERS, writerObject } from './layout.ts';
import type { Objects } from './objects.ts';
import type { Offsite } from './offsite.ts';

const MOST_BYTES = 16 * 1024;

const writerSchema = z.object({ host: z.string(), key: z.string(), since: z.string() });
export type Writer = z.infer<typeof writerSchema>;

/** `listed`: their numbers, where they are known. In order; what does not read as one keeps its number. */
export async function writers(
  objects: Objects,
  signal: AbortSignal,
  listed?: readonly number[],
): Promise<(Writer | undefined)[]> {
  const numbers = [...(listed ?? (await numbersOf(objects, signal)))];
  const found: (Writer | undefined)[] = [];
  for (const number of numbers.sort((a, b) => a - b))
    found[number] = readWriter(await objects.read(writerObject(number), signal, MOST_BYTES));
  return found;
}

async function numbersOf(objects: Objects, signal: AbortSignal): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { name } of objects.list(WRITERS, signal)) {
    const number = parseWriterObject(name);
    if (number !== undefined) numbers.push(number);
  }
  return numbers;
}

function readWriter(bytes: Buffer): Writer | undefined {
  try {
    return writerSchema.safeParse(JSON.parse(bytes.toString())).data;
  } catch {
    return undefined;
  }
}

/** Throws CONFIG when another host writes there. `takeOver`: this host writes from now on. */
export async function becomeWriter(
  offsite: Offsite,
  objects: Objects,
  { takeOver = false }: { takeOver?: boolean } = {},
): Promise<void> {
  const { signal, host } = offsite;
  const { publicKey } = signerOf(offsite);
  const known = await writers(objects, signal);
  const newest = known.at(-1);
  if (newest?.key === publicKey) return;
  if (known.length > 0 && !takeOver) throw otherWriter(offsite, newest);
  const writer: Writer = { host, key: publicKey, since: isoUtc(await objects.now(signal)) };
  await objects.put(writerObject(known.length), Buffer.from(`${JSON.stringify(writer)}\n`), signal);
  await requireWriter(offsite, objects);
}

/** Asked again before anything is committed or removed. */
export async function requireWriter(offsite: Offsite, objects: Objects): Promise<void> {
  const newest = (await writers(objects, offsite.signal)).at(-1);
  if (newest?.key !== signerOf(offsite).publicKey) throw otherWriter(offsite, newest);
}

export function signerOf({ signingKey, name }: Pick<Offsite, 'signingKey' | 'name'>) {
  if (signingKey !== undefined) return signingKey;
  throw new BackupError('PERMISSION', `Nothing can be written to the store ${name}`, {
    why: 'the key with which this host signs cannot be read or made',
    hint: 'See the warning about the key in KEY_DIR, and put it right.',
  });
}

const otherWriter = ({ name, project, host }: Offsite, writer: Writer | undefined): BackupError =>
  new BackupError('CONFIG', `Another host copies ${project} to the store ${name}`, {
    why:
      writer === undefined
        ? 'the record of who writes there is damaged'
        : `it is ${writer.host}, since ${writer.since}; two writers would lose data`,
    hint: `Give ${host} a prefix of its own; or, when the other one copies no more, take over with \`gofr-backup copy --take-over\`.`,
  });
