import { expect, test } from 'vitest';
import { pinned, referencesIn } from './pins.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const COMMIT = 'cd'.repeat(20);
const TEXT = `ARG NODE_IMAGE=node:24-bookworm-slim
    image: \${GOFR_REDIS_IMAGE:-redis:7.2-bookworm}
    image: \${GOFR_BACKUP_IMAGE:-gofr-plot_backup:latest}
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4.4.0
`;
const PINS = new Map([
  ['node:24-bookworm-slim', DIGEST],
  ['redis:7.2-bookworm', DIGEST],
  ['actions/checkout@v4', COMMIT],
  ['actions/setup-node@v4.4.0', COMMIT],
]);

test('each reference is found, pinned, found again under its name, and pinned anew', () => {
  expect(referencesIn(TEXT).map(({ name, pin }) => [name, pin])).toEqual(
    [...PINS.keys()].map((name) => [name, undefined]),
  );
  const once = pinned(TEXT, PINS);
  expect(once).toBe(`ARG NODE_IMAGE=node:24-bookworm-slim@${DIGEST}
    image: \${GOFR_REDIS_IMAGE:-redis:7.2-bookworm@${DIGEST}}
    image: \${GOFR_BACKUP_IMAGE:-gofr-plot_backup:latest}
      - uses: actions/checkout@${COMMIT} # v4
      - uses: actions/setup-node@${COMMIT} # v4.4.0
`);
  expect(referencesIn(once).map(({ name, pin }) => [name, pin])).toEqual([...PINS]);
  expect(pinned(once, PINS)).toBe(once);
  expect(pinned(once, new Map([['actions/checkout@v4', 'ef'.repeat(20)]]))).toContain(
    `@${'ef'.repeat(20)} # v4\n`,
  );
});

test('what cannot be known stays as it is', () => {
  expect(pinned(TEXT, new Map())).toBe(TEXT);
});
