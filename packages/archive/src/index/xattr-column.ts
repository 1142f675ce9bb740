/** Extended attributes in the index: how many; then of each its name and its value, their lengths before them. */
import type { Xattrs } from '@gofr-backup/model';
import type { ColumnReader, ColumnWriter } from '../columns.ts';

export function writeXattrs(column: ColumnWriter, xattrs: Xattrs): void {
  column.varint(xattrs.size);
  for (const [name, value] of xattrs) {
    column.varint(name.length);
    column.latin1(name);
    column.varint(value.length);
    column.raw(value);
  }
}

/** Throws RangeError when the column ends early. */
export function readXattrs(column: ColumnReader): Xattrs {
  const found = new Map<string, Buffer>();
  for (let left = column.varint(); left > 0; left--) {
    const name = column.latin1(column.varint());
    // A view would keep the whole page in memory.
    found.set(name, Buffer.from(column.raw(column.varint())));
  }
  return found;
}
