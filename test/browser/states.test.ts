import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@gofr-backup/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axe } from './axe.ts';
import { openBrowser } from './open-browser.ts';
import { enter, makeNights, type Nights, STATES } from './states.ts';
import { PASSWORD } from './surroundings.ts';

const PICTURES =
  process.env['GOFR_SCREENSHOTS'] === '1'
    ? join(import.meta.dirname, '../../docs/screenshots/states')
    : undefined;
const LOOKS = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 375, height: 812 }, colorScheme: 'light' },
} as const;

let nights: Nights;
let browser: Browser;

beforeAll(async () => {
  [nights, browser] = await Promise.all([makeNights(120), openBrowser()]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await nights?.[Symbol.asyncDispose]();
});

test.each(Object.entries(STATES))(
  '%s: the page says so, fits, and has no fault axe can find: light, dark, on a phone',
  async (name, state) => {
    await using scene = await enter(state, nights);
    for (const [look, options] of Object.entries(LOOKS)) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      await page.goto(scene.url);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('[data-live="hero"]').waitFor();
      await waitFor(() => says(page, scene.url, state.says), { timeout: 30_000 });
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect([look, width]).toEqual([look, options.viewport.width]);
      expect([look, await axe(page)]).toEqual([look, []]);
      await shoot(page, `${name}-${look}`);
      await context.close();
    }
  },
  120_000,
);

async function says(page: Page, url: string, words: RegExp): Promise<boolean> {
  await page.goto(url);
  return words.test(await page.locator('main').innerText());
}

async function shoot(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  const path = join(PICTURES, `${name}.png`);
  await page.mouse.move(0, 0);
  const running = page.locator('article.running').first();
  if (await running.isVisible()) await running.scrollIntoViewIfNeeded();
  await page.screenshot({ path });
  expect((await stat(path)).size).toBeLessThan(200_000);
}
