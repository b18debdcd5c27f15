// How the page looks, in a browser: nothing is cut, nothing lies on another, nothing is loaded.

import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { htmlReport } from '../../../bench/src/report/html.js';
import { findChromium, launchChromium } from './chromium.js';
import { madeUpRecord } from './fixture.js';
import { badTexts, inkOf, overflowing, shownCharts } from './in-page.mjs';

const path = findChromium();
/** Where pictures are left to be looked at: SCREENSHOTS=FOLDER. */
const FOLDER = process.env.SCREENSHOTS;
const VIEWS = [
  { width: 1400, colorScheme: 'light' },
  { width: 1400, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const;

let browser: Browser;
let html: string;
beforeAll(async () => {
  if (path === undefined) return;
  html = await htmlReport(madeUpRecord());
  browser = await launchChromium(path);
});
afterAll(() => browser?.close());

describe.skipIf(path === undefined)('the page', () => {
  describe.each(VIEWS)('$width px wide, $colorScheme', ({ width, colorScheme }) => {
    let page: Page;
    const said: string[] = [];
    beforeAll(async () => {
      page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.message));
      page.on('request', (request) => said.push(`asked for ${request.url()}`));
      await page.setContent(html);
      if (FOLDER === undefined) return;
      mkdirSync(FOLDER, { recursive: true });
      const file = `${FOLDER}/report-${width}-${colorScheme}.png`;
      await page.screenshot({ path: file, fullPage: true });
    });
    afterAll(() => page?.close());

    it('is as wide as the window', async () => {
      expect(await page.evaluate(overflowing)).toEqual([]);
    });

    it('shows every chart once', async () => {
      const figures = await page.locator('figure').count();
      expect(figures).toBeGreaterThan(8);
      expect(await page.evaluate(shownCharts)).toHaveLength(figures);
    });

    it('cuts no text of a chart, and writes none on another', async () => {
      for (const chart of await page.evaluate(shownCharts)) {
        expect(await page.evaluate(badTexts, chart)).toEqual([]);
      }
    });

    it('draws in every chart, in colour', async () => {
      const judge = await browser.newPage();
      for (const chart of await page.evaluate(shownCharts)) {
        const png = await page.locator('svg.chart').nth(chart).screenshot();
        const { ink, colour } = await judge.evaluate(inkOf, png.toString('base64'));
        expect(ink).toBeGreaterThan(0.02);
        expect(colour).toBeGreaterThan(0.002);
      }
      await judge.close();
    });

    it('loads nothing and complains of nothing', () => {
      expect(said).toEqual([]);
    });
  });

  it('is another by night', async () => {
    const colours = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme });
      await page.setContent(html);
      colours.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      await page.close();
    }
    expect(new Set(colours).size).toBe(2);
  });
});

describe('findChromium', () => {
  it('throws in CI where there is none', () => {
    expect(() => findChromium({ CI: 'true', PATH: '' })).toThrow('apt-get install chromium');
    expect(() => findChromium({ CI: 'true', CHROMIUM: '/no/such' })).toThrow('/no/such');
  });
});
