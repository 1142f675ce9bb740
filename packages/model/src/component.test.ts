import { expect, test } from 'vitest';
import { isMetadata, isSelected } from './component.ts';

test.for([
  ['metadata.json', true],
  ['data/storage/metadata.json', true],
  ['data/storage/a.metadata.json', true],
  ['data/storage/.metadata.json', true],
  ['data/storage/ametadata.json', false],
  // a database of this name, and what is a part of it
  ['data/storage/a.metadata.json-wal', true],
  ['data/storage/metadata.json-journal', true],
  ['data/storage/chart.db-wal', false],
  ['data/storage/metadata.json.bak', false],
  ['metadata.json/chart.svg', false],
] as const)('%s is metadata: %s', ([path, is]) => {
  expect(isMetadata(path)).toBe(is);
  expect(isSelected('metadata-only', path)).toBe(is);
  expect(isSelected('without-metadata', path)).toBe(!is);
  expect(isSelected('all', path)).toBe(true);
});
