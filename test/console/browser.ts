/**
 * The system's Chromium for a test of the console: one browser a test file, a fresh profile a visit. What a page throws,
 * and what the policy blocks, fails the test. Without Chromium tests are skipped, with a sentence; with CI=true that fails.
 */
import assert from 'node:assert/strict';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

function findChromium(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // The next one.
      }
    }
  }
  return null;
}

const executablePath = findChromium();

/** For `test`'s options: false, or why it cannot be run here. */
export const browserSkip: false | string =
  executablePath !== null || process.env.CI === 'true'
    ? false
    : 'Chromium is missing: apt-get install chromium to test the console in a browser';

/** Pictures of pages, for people to judge; kept out of version control with the rest of `coverage`. */
const pictures = fileURLToPath(new URL('../../coverage/screenshots/', import.meta.url));

/** Only what never comes takes as long. */
const deadlineMs = 30_000;

let browser: Promise<Browser> | null = null;
after(async () => (await browser)?.close());

function launched(): Promise<Browser> {
  if (executablePath === null) throw new Error('Chromium is missing; with CI=true the console must be tested');
  browser ??= chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  return browser;
}

export class Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly complaints: string[] = [];

  constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // A page that is refused on purpose is a line of Chromium's own, not a fault of ours.
      const isRefusal = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isRefusal) this.complaints.push(message.text());
    });
  }

  async picture(name: string): Promise<void> {
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    assert.deepEqual(this.complaints, [], 'the page complained');
  }
}

export const desk = { width: 1280, height: 900 };
export const phone = { width: 360, height: 740 };

/** Opens an address in a fresh profile. */
export async function visit(url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await (await launched()).newContext({ viewport: desk, ...options });
  context.setDefaultTimeout(deadlineMs);
  const opened = new Visit(context, await context.newPage());
  await opened.page.goto(url);
  return opened;
}
