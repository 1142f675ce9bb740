import { chromium, type Browser } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  for (const executablePath of CHROMIUM) {
    const browser = await chromium.launch({ executablePath, args: FLAGS }).catch(() => undefined);
    if (browser) return browser;
  }
  throw new Error('no Chromium: apt-get install -y chromium');
}
