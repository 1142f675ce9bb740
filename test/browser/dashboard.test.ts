import { createHash } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@gofr-backup/testing';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axe } from './axe.ts';
import { PASSWORD } from './surroundings.ts';
import { CHART, startSystem, type System } from './system.ts';

const LONG = 120_000;
const SCREENSHOTS =
  process.env['GOFR_SCREENSHOTS'] === '1' ? join(import.meta.dirname, '../../docs/screenshots') : undefined;

let system: System;
let context: BrowserContext;
let page: Page;
/** of every page of every test: where it asked, and what it complained about */
const asked = new Set<string>();
const complaints: string[] = [];

beforeAll(async () => {
  system = await startSystem(370);
  context = await newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
}, 300_000);

afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
}, 60_000);

async function newContext(options: Parameters<System['browser']['newContext']>[0]): Promise<BrowserContext> {
  const made = await system.browser.newContext({ colorScheme: 'light', ...options });
  made.on('request', (request) => asked.add(new URL(request.url()).host));
  made.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|403|404|429)/.test(message.text()))
      complaints.push(message.text());
  });
  made.on('weberror', (error) => complaints.push(String(error.error())));
  return made;
}

async function signIn(on: Page, password = PASSWORD, url = system.url): Promise<void> {
  await on.goto(url);
  await on.getByLabel('Password').fill(password);
  await on.getByRole('button', { name: 'Sign in' }).click();
}

const go = (path: string) => page.goto(new URL(path, system.url).href);
const path = () => new URL(page.url()).pathname;
const badge = (text: string) => page.locator('[data-live="job"] .badge', { hasText: text });
const archive = (filename: string) => join(system.backupDir, 'daily', filename);
const newest = async () => (await system.catalogue()).find(({ tier }) => tier === 'daily')!;

/** Clicks a button that asks for a job, and waits on its page for the end. */
async function run(button: string, end = 'completed'): Promise<void> {
  await page.getByRole('button', { name: button }).first().click();
  await page.waitForURL(/\/jobs\//);
  await badge(end).waitFor({ timeout: LONG });
}

async function shoot(name: string, of: Page = page): Promise<void> {
  if (!SCREENSHOTS) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  const file = join(SCREENSHOTS, `${name}.png`);
  await of.mouse.move(0, 0);
  await of.screenshot({ path: file });
  expect((await stat(file)).size).toBeLessThan(200_000);
}

test('a wrong password is refused with a word, the right one opens the page that was asked for', async () => {
  await page.goto(new URL('/backups?tier=weekly', system.url).href);
  await page.getByLabel('Password').fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect(await page.getByRole('alert').textContent()).toMatch(/^That is not the password/);
  expect(await axe(page)).toEqual([]);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Backups' }).waitFor();
  expect(page.url()).toContain('/backups?tier=weekly');
});

test('after five wrong passwords the right one still opens, a moment later', async () => {
  const url = await system.dashboard({});
  const other = await (await newContext({})).newPage();
  for (let i = 0; i < 5; i++) {
    await signIn(other, 'wrong password', url);
    expect(await other.getByRole('alert').textContent()).toContain('each further try takes longer');
  }
  await signIn(other, PASSWORD, url);
  await other.getByRole('heading', { name: 'Newest backups' }).waitFor();
  await other.context().close();
});

test('an open page goes to the login as soon as another one of its session signs out', async () => {
  const [url, context] = [await system.dashboard({}), await newContext({})];
  const [open, other] = [await context.newPage(), await context.newPage()];
  await signIn(open, PASSWORD, url);
  await other.goto(url);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await open.waitForURL(/\/login/, { timeout: 10_000 });
  expect(await open.getByLabel('Password').isVisible()).toBe(true);
  await context.close();
});

test(
  'back up now: progress is live, and a verified backup lies on the disk, in its tiers, and on the first page',
  async () => {
    const before = await newest();
    await go('/');
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.waitForURL(/\/jobs\/backup-/);
    const bar = page.locator('#running progress[value]').first();
    await bar.waitFor();
    await go('/');
    await bar.waitFor();
    await shoot('running');
    const values = new Set<string | null>();
    await waitFor(
      async () => {
        values.add(await bar.getAttribute('value', { timeout: 500 }).catch(() => null));
        return values.size >= 2;
      },
      { timeout: 30_000 },
    );
    await waitFor(
      async () => (await newest()).filename !== before.filename && (await newest()).status === 'good',
      { timeout: LONG },
    );
    const made = await newest();
    await access(archive(made.filename));
    expect(made).toMatchObject({ trigger: 'manual', verified: true });
    await page.locator(`[data-live="recent"] a[href$="${made.filename}"]`).waitFor({ timeout: LONG });
    await page.getByRole('heading', { name: 'Your data is safe' }).waitFor({ timeout: LONG });
  },
  LONG * 2,
);

test(
  'a drill restores a backup for real, and the first page knows',
  async () => {
    await go(`/backups/${(await newest()).filename}`);
    await run('Run a restore drill');
    expect(await newest()).toMatchObject({ last_drill_ok: true });
    await go('/');
    expect(await page.locator('.tile', { hasText: 'Last restore drill' }).textContent()).toMatch(
      /just now|minute/,
    );
  },
  LONG,
);

test(
  'verify reads it again',
  async () => {
    const before = (await newest()).verified_at;
    await go(`/backups/${(await newest()).filename}`);
    await run('Verify');
    expect((await newest()).verified_at).not.toBe(before);
  },
  LONG,
);

test(
  'pruning shows what would go and why, and then exactly that goes',
  async () => {
    await system.addOld();
    await go('/prune');
    const doomed = await page.locator('[data-live="remove"] .name').allTextContents();
    expect(doomed.length).toBeGreaterThan(3);
    expect(await page.locator('[data-live="remove"]').textContent()).toContain('older than 365 days');
    await shoot('prune');
    const before = (await system.catalogue()).map(({ filename }) => filename);
    await run('Remove');
    const after = (await system.catalogue()).map(({ filename }) => filename);
    const gone = before.filter((filename) => !after.includes(filename));
    expect(gone).toHaveLength(doomed.length);
    for (const filename of gone) {
      expect(doomed.join()).toContain(filename);
      await expect(access(archive(filename))).rejects.toThrow();
    }
    await go('/prune');
    const row = page.locator('[data-live="trash"] tbody tr').first();
    expect(await row.textContent()).toMatch(/in 2 days/);
    const name = (await row.locator('.name').textContent())!.trim();
    await row.getByRole('button', { name: 'Bring back' }).click();
    await page.waitForURL(/\/jobs\//);
    await badge('completed').waitFor({ timeout: LONG });
    expect((await system.catalogue()).find(({ filename }) => filename === name)).toMatchObject({
      pinned: true,
    });
  },
  LONG,
);

test(
  'a running backup is cancelled and leaves nothing',
  async () => {
    const before = (await system.catalogue()).length;
    await system.changeData();
    await go('/');
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.locator('#running progress[value]').first().waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await badge('failed').waitFor({ timeout: LONG });
    expect(await page.locator('.failure').textContent()).toContain('was cancelled');
    expect(await system.catalogue()).toHaveLength(before);
  },
  LONG,
);

test('the files of a backup can be walked and downloaded, one or all', async () => {
  const { filename, sha256 } = await newest();
  await go('/backups');
  await page.locator(`a[href$="${filename}"]`).first().click();
  for (const step of ['data', 'storage', 'charts'])
    await page.getByRole('link', { name: step, exact: true }).last().click();
  expect(await page.locator('.crumbs').textContent()).toMatch(
    /archive\s*\/\s*data\s*\/\s*storage\s*\/\s*charts/,
  );
  const [one] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: CHART.name, exact: true }).click(),
  ]);
  expect(await readFile(await one.path(), 'utf8')).toBe(CHART.content);
  const [all] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /^Download/ }).click(),
  ]);
  expect(all.suggestedFilename()).toBe(filename);
  expect(
    createHash('sha256')
      .update(await readFile(await all.path()))
      .digest('hex'),
  ).toBe(sha256);
  await go(`/backups/${filename}`);
  expect(await page.locator('.command').first().textContent()).toBe(
    `docker compose run --rm restore ${filename}`,
  );
  await shoot('backup');
});

test(
  'the bad night: lost, found, previewed, and back in a new directory; in place stays typed',
  async () => {
    await rm(join(system.dataDir, 'storage/charts', CHART.name));
    await go('/restore');
    await page.getByRole('searchbox').fill('profit');
    await page.getByRole('button', { name: 'Look for it' }).click();
    await shoot('night-1-found');
    await page.getByRole('link', { name: CHART.name }).click();
    await page.locator('.moments li').first().waitFor();
    await shoot('night-2-when');
    await page
      .getByRole('link', { name: /^Choose 20/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.locator('.changes').waitFor({ timeout: LONG });
    expect(await page.locator('.changes .added').textContent()).toMatch(/Added\s+1 file\s+12 B/);
    await shoot('restore');
    const commands = await page.locator('.command').allTextContents();
    expect(commands[0]).toMatch(
      /^docker compose run --rm restore gofr-plot_.* --path 'data\/storage\/charts\/profit/,
    );
    await page.getByRole('button', { name: /^Copy/ }).first().click();
    await page.getByRole('button', { name: /^Into a new directory/ }).click();
    await page.waitForURL(/\/jobs\//);
    await badge('completed').waitFor({ timeout: LONG });
    expect(await page.locator('.outcome').textContent()).toMatch(/^Restored 1 file, 12 B, into/);
    await shoot('night-3-back');
    const [made = ''] = await readdir(system.restoreRoot);
    const back = join(system.restoreRoot, made, 'data/storage/charts', CHART.name);
    expect(await readFile(back, 'utf8')).toBe(CHART.content);
  },
  LONG * 2,
);

test('a job keeps its log and its result', async () => {
  await go('/jobs');
  await page.getByRole('link', { name: 'daily backup' }).last().click();
  expect(await page.locator('.log').first().textContent()).toMatch(/info/);
});

test('light and dark: the system decides, the button overrides, and it stays so', async () => {
  await go('/');
  await shoot('overview-light');
  const color = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await color();
  await page.getByRole('button', { name: /light and dark/ }).click();
  const dark = await color();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await color()).toBe(dark);
  await shoot('overview-dark');
  await page.getByRole('button', { name: /light and dark/ }).click();
  expect(await color()).toBe(light);
});

test('one set of dark colours, one of light: the same by the system and by the button', async () => {
  const cookies = (await context.cookies()).filter(({ name }) => name !== 'theme');
  const coloursOf = async (colorScheme: 'light' | 'dark', theme?: string) => {
    const made = await newContext({ colorScheme });
    await made.addCookies(theme ? [...cookies, { name: 'theme', value: theme, url: system.url }] : cookies);
    const on = await made.newPage();
    await on.goto(system.url);
    const colours = await on.evaluate<string>(COLOURS);
    await made.close();
    return colours;
  };
  const [light, dark] = [await coloursOf('light'), await coloursOf('dark')];
  expect(light.split(' ').length).toBeGreaterThan(15);
  expect(dark).not.toBe(light);
  expect(await coloursOf('light', 'dark')).toBe(dark);
  expect(await coloursOf('dark', 'light')).toBe(light);
});

/** Every colour the sheet names, as it comes out. */
const COLOURS = `(() => {
  const names = new Set();
  for (const sheet of document.styleSheets)
    for (const { selectorText, style } of sheet.cssRules)
      if (selectorText?.startsWith(':root')) for (const name of style) if (name.startsWith('--')) names.add(name);
  const probe = document.body.appendChild(document.createElement('i'));
  return [...names].map((name) => {
    probe.style.color = 'var(' + name + ')';
    return name + '=' + getComputedStyle(probe).color.replaceAll(' ', '');
  }).join(' ');
})()`;

test(
  'every page fits a telephone, has no fault axe can find, light or dark, and is small',
  async () => {
    const { filename } = await newest();
    const paths = [
      '/',
      '/backups',
      `/backups/${filename}`,
      `/backups/${filename}?path=data/storage/charts`,
      '/prune',
      '/restore?q=json',
      '/restore?path=data/storage/charts',
      `/restore?what=all&backup=${filename}`,
      '/jobs',
      '/queues',
      '/settings',
      '/nowhere',
    ];
    const cookies = await context.cookies();
    for (const colorScheme of ['light', 'dark'] as const) {
      const phone = await newContext({ viewport: { width: 375, height: 812 }, colorScheme });
      await phone.addCookies(cookies);
      const on = await phone.newPage();
      for (const one of paths) {
        await on.goto(new URL(one, system.url).href);
        const width = await on.evaluate<number>('document.documentElement.scrollWidth');
        const bytes = await on.evaluate<number>(
          'performance.getEntries().reduce((sum, { encodedBodySize = 0 }) => sum + encodedBodySize, 0)',
        );
        expect([one, width]).toEqual([one, 375]);
        expect([one, bytes < 150_000]).toEqual([one, true]);
        expect([one, await axe(on)]).toEqual([one, []]);
        if (one === '/' && colorScheme === 'light') await shoot('phone', on);
      }
      await phone.close();
    }
  },
  LONG * 3,
);

test('the keyboard alone is enough', async () => {
  await go('/backups');
  await page.keyboard.press('/');
  await page.keyboard.type('_monthly_');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=_monthly_/);
  const names = await page.locator('tbody .name').allTextContents();
  expect(names.length).toBeGreaterThan(5);
  expect(names.every((name) => name.includes('monthly'))).toBe(true);
  await page.keyboard.press('Tab');
  expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to content');
});

test('without a script everything can still be read', async () => {
  const plain = await newContext({ javaScriptEnabled: false });
  await plain.addCookies(await context.cookies());
  const on = await plain.newPage();
  await on.goto(system.url);
  expect(await on.getByRole('heading', { level: 1 }).textContent()).toContain('Your data is safe');
  expect(await on.locator('.growth rect').count()).toBeGreaterThan(80);
  expect(await on.locator('.timeline a').count()).toBeGreaterThan(80);
  await on.getByRole('link', { name: '365 days' }).click();
  await on.waitForURL(/range=365/);
  expect(await on.locator('.timeline a').count()).toBeGreaterThan(300);
  await plain.close();
});

/** Of bull-board 9: they are listed in docs/dashboard.md. */
const FAULTS_OF_BOARD = [
  'button-name',
  'color-contrast',
  'heading-order',
  'image-redundant-alt',
  'svg-img-alt',
];

test('bull-board shows the queue under the same login and our head, with a way back', async () => {
  await go('/queues/queue/gofr-plot-backup');
  expect(path()).toBe('/queues');
  const board = page.frameLocator('iframe.board');
  await board
    .getByText(/completed/i)
    .first()
    .waitFor();
  expect(await axe(page)).toEqual([]);
  const inside = page.frame({ url: /queues\/queue/ })!;
  const found = await axe(inside);
  expect(found.map((fault) => fault.split(':')[0]).sort()).toEqual(FAULTS_OF_BOARD);
  await shoot('queues');
  await page.getByRole('link', { name: 'Back to the overview' }).click();
  await page.getByRole('heading', { name: 'Newest backups' }).waitFor();
});

test(
  'a damaged archive is found, and the first page says which',
  async () => {
    const { filename } = await newest();
    const handle = await open(archive(filename), 'r+');
    await handle.write(Buffer.from([0xff, 0xff, 0xff, 0xff]), 0, 4, 5_000_000);
    await handle.close();
    await go(`/backups/${filename}`);
    await page.getByRole('button', { name: 'Verify' }).click();
    await waitFor(
      async () =>
        (await system.catalogue()).find((entry) => entry.filename === filename)?.status === 'corrupt',
      { timeout: 30_000 },
    );
    await go('/');
    const damaged = page.locator('.problems > *').filter({ hasText: 'damaged' });
    expect(await damaged.textContent()).toContain(filename);
    await damaged.getByRole('link').click();
    expect(await page.locator('.notice.danger').textContent()).toMatch(/\d of 2,6\d\d files can be read/);
    expect(await page.locator('.warnings').textContent()).toContain('data/storage/charts/chart-');
    expect(await page.getByRole('link', { name: 'Restore', exact: true }).count()).toBe(1); // of the head
    expect(await axe(page)).toEqual([]);
    await shoot('corrupt');
    await page.getByRole('link', { name: /^Salvage/ }).click();
    await page.getByRole('button', { name: /^Into a new directory/ }).waitFor();
    expect(await page.locator('.command').count()).toBe(0);
  },
  LONG,
);

test('signing out ends it', async () => {
  await go('/');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  await go('/backups');
  expect(path()).toBe('/login');
});

test('no request left this host, and no page complained', () => {
  expect([...asked].filter((host) => !host.startsWith('127.0.0.1:'))).toEqual([]);
  expect(complaints).toEqual([]);
});
