import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readArchitecture } from './imports.ts';
import { isImplied, layersOf } from './layers.ts';
import { drawArchitecture } from './picture.ts';

const FILES = {
  'apps/tool/src/main.ts':
    "const { work } = await import('@gofr-backup/core');\nimport { a } from './inside/a.ts';",
  'apps/tool/src/inside/a.ts': "import { noun } from '@gofr-backup/model';",
  'packages/core/src/top/work.ts':
    "import { low } from '../low/low.ts';\nimport type { Noun } from '@gofr-backup/model';",
  'packages/core/src/low/low.ts': 'export const low = 1;',
  'packages/core/src/low/low.test.ts':
    "import { x } from '@gofr-backup/tool';\nimport { y } from '../top/work.ts';",
  'packages/model/src/index.ts': 'export const noun = 1;',
};

test('imports are counted between packages and between rooms, tests left out', () => {
  const root = mkdtempSync(join(tmpdir(), 'architecture-'));
  try {
    for (const [file, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    const architecture = readArchitecture(root);
    expect(architecture.between).toEqual([
      { from: 'tool', to: 'model', count: 1 },
      { from: 'tool', to: 'core', count: 1 },
      { from: 'core', to: 'model', count: 1 },
    ]);
    expect(architecture.parts.find(({ name }) => name === 'core')).toEqual({
      name: 'core',
      rooms: ['low', 'top'],
      between: [{ from: 'top', to: 'low', count: 1 }],
    });
    const drawn = drawArchitecture(architecture, new Set(['tool']));
    // three arrows between packages, one between rooms, and the arrow's tip
    expect(drawn.match(/<path /g)).toHaveLength(5);
    expect(drawn.match(/class="implied"/g)).toHaveLength(1);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('each layer stands above all that it imports; two that import each other are no endless way', () => {
  const imports = [
    { from: 'a', to: 'b', count: 1 },
    { from: 'b', to: 'c', count: 1 },
    { from: 'a', to: 'c', count: 1 },
    { from: 'c', to: 'b', count: 1 },
  ];
  expect(layersOf(['c', 'd', 'b', 'a'], imports.slice(0, 3))).toEqual([['a'], ['b'], ['c', 'd']]);
  expect(layersOf(['a', 'b', 'c'], imports)[0]).toEqual(['a']);
  expect(imports.slice(0, 3).map((one) => isImplied(one, imports.slice(0, 3)))).toEqual([false, false, true]);
});
