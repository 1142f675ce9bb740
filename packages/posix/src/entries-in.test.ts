import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '@gofr-backup/model';
import { askWithoutTypes, isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';

/** What is found below `data` in `place`; `during` runs between two entries. */
const listed = (place: string, during = ''): unknown =>
  askWithoutTypes(
    place,
    `import { rmSync } from 'node:fs';
    import { entriesBelow } from '${import.meta.resolve('./entries-below.ts')}';
    const found = [];
    for await (const { name, entry } of entriesBelow(${JSON.stringify(join(place, 'data'))})) {
      found.push([name, entry.isDirectory(), entry.isFile()]);
      ${during}
    }
    console.log(JSON.stringify(found.toSorted()));`,
  );

test.skipIf(isMissing('cc'))('where the file system tells no types, each name has its own', async () => {
  await using place = await temporaryDirectory();
  const data = join(place.path, 'data');
  mkdirSync(bytesOf(`${data}/caf\xe9/in\xff`), { recursive: true });
  writeFileSync(bytesOf(`${data}/caf\xe9/f\xfe`), '');
  writeFileSync(join(data, 'ascii'), '');
  expect(listed(place.path)).toEqual([
    ['ascii', false, true],
    ['caf\xe9', true, false],
    ['f\xfe', false, true],
    ['in\xff', true, false],
  ]);
});

test.skipIf(isMissing('cc'))('and what vanishes before its look is passed over, alone', async () => {
  await using place = await temporaryDirectory();
  const data = join(place.path, 'data');
  mkdirSync(data);
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(data, name), '');
  const others = `if (found.length === 1) for (const other of ['a', 'b', 'c', 'd'])
    if (other !== name && other !== 'c') rmSync(${JSON.stringify(`${data}/`)} + other);`;
  const found = listed(place.path, others) as [string][];
  expect(found.map(([name]) => name)).toContain('c');
  expect(found.length).toBeLessThan(3);
});
