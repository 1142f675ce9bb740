/**
 * Who writes: one host for each place, because two writers, each of whom reuses and removes packs by what it knows itself, lose
 * data. `writer/<number>.json` is put once; the highest number counts. A store that refuses to overwrite gives a
 * number to one host alone.
 */
import { BackupError } from '@gofr-backup/model';
import * as z from 'zod';
import { isoUtc } from '../repository/index.ts';
import { parseWriterObject, WRITERS, writerObject } from './layout.ts';
import { atOnce } from './read/at-once.ts';
import type { Objects } from './objects.ts';
import type { Offsite } from './offsite.ts';

const MOST_BYTES = 16 * 1024;
const READ_AT_ONCE = 8;

const writerSchema = z.object({ host: z.string(), key: z.string(), since: z.string() });
export type Writer = z.infer<typeof writerSchema>;

/** `listed`: their numbers, where they are known. In order; what does not read as one keeps its number. */
export async function writers(
  objects: Objects,
  signal: AbortSignal,
  listed?: readonly number[],
): Promise<(Writer | undefined)[]> {
  const found: (Writer | undefined)[] = [];
  await atOnce(listed ?? (await numbersOf(objects, signal)), READ_AT_ONCE, async (number) => {
    found[number] = await writerOf(objects, number, signal);
  });
  return found;
}

async function writerOf(objects: Objects, number: number, signal: AbortSignal): Promise<Writer | undefined> {
  return readWriter(await objects.read(writerObject(number), signal, MOST_BYTES));
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

/** Throws CONFIG when another host writes there. `takeOver`: this host writes from now on. `listed`: as `writers` has it. */
export async function becomeWriter(
  offsite: Offsite,
  objects: Objects,
  {
    takeOver = false,
    listed,
  }: { takeOver?: boolean | undefined; listed?: readonly number[] | undefined } = {},
): Promise<void> {
  const { signal, host } = offsite;
  const { publicKey } = signerOf(offsite);
  const { number, writer: newest } = await newestWriter(objects, signal, listed);
  if (newest?.key === publicKey) return;
  if (number >= 0 && !takeOver) throw otherWriter(offsite, newest);
  const writer: Writer = { host, key: publicKey, since: isoUtc(await objects.now(signal)) };
  await objects.put(writerObject(number + 1), Buffer.from(`${JSON.stringify(writer)}\n`), signal);
  await requireWriter(offsite, objects);
}

/** Asked again before anything is committed or removed. `listed`: as `writers` has it, from a list made now. */
export async function requireWriter(
  offsite: Offsite,
  objects: Objects,
  listed?: readonly number[],
): Promise<void> {
  const { writer } = await newestWriter(objects, offsite.signal, listed);
  if (writer?.key !== signerOf(offsite).publicKey) throw otherWriter(offsite, writer);
}

/** `number`: -1 where nobody ever wrote. */
async function newestWriter(
  objects: Objects,
  signal: AbortSignal,
  listed?: readonly number[],
): Promise<{ number: number; writer?: Writer | undefined }> {
  const number = Math.max(-1, ...(listed ?? (await numbersOf(objects, signal))));
  return number < 0 ? { number } : { number, writer: await writerOf(objects, number, signal) };
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
