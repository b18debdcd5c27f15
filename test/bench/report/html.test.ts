import { beforeAll, describe, expect, it } from 'vitest';
import { PARTS } from '../../../bench/src/record/record.js';
import { htmlReport } from '../../../bench/src/report/html.js';
import { textReport } from '../../../bench/src/report/text.js';
import { madeUpRecord } from './fixture.js';

const EVIL = `<script>alert("x" + 'y')</script>&<b>`;
const ESCAPED = '&lt;script&gt;alert(&quot;x&quot; + &#39;y&#39;)&lt;/script&gt;&amp;&lt;b&gt;';

describe('html', () => {
  const record = madeUpRecord();
  let html: string;
  beforeAll(async () => {
    html = await htmlReport(record);
  });

  it('is the same for the same record', async () => {
    expect(await htmlReport(madeUpRecord())).toBe(html);
  });

  it('loads nothing and runs nothing', () => {
    const text = html.replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
    expect(text).not.toMatch(/https?:/);
    expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|base|form)\b/i);
    expect(text).not.toMatch(/\b(src|srcset|xlink:href|on\w+)=/i);
    expect(text).not.toMatch(/url\(|@import/i);
    expect(text.match(/href="[^"]*"/g)).toSatisfy((links: string[]) =>
      links.every((link) => link.startsWith('href="#')),
    );
  });

  it('has each id once, and each that is pointed to', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const named = [...html.matchAll(/(?:aria-labelledby="|href="#)([^"]+)"/g)];
    const wanted = named.flatMap(([, names = '']) => names.split(' '));
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('shows every part with charts, how it is read, what it does not show, and its numbers', () => {
    for (const part of PARTS) {
      const [section = ''] = new RegExp(`<section id="${part}".*?</section>`, 's').exec(html) ?? [];
      expect(section).toMatch(/<svg[^>]*role="img" aria-labelledby="/);
      expect(section).toMatch(/<title [^>]*>[^<]+<\/title><desc [^>]*>[^<]+<\/desc>/);
      expect(section).toContain('How to read it.');
      expect(section).toContain('What it does not show.');
      expect(section).toContain('<table');
    }
  });

  it('tells the figures that the text tells', () => {
    const plain = html.replaceAll(/<[^>]+>/g, '');
    const intervals = textReport(record).match(/[\d.,]+ \[[^\]]+\]/g) ?? [];
    expect(intervals.length).toBeGreaterThan(300);
    expect(intervals.filter((interval) => !plain.includes(interval))).toEqual([]);
  });

  it('tells machine, versions, date, settings, remarks and variants', () => {
    for (const words of [
      ...['2026-11-21 20:14 UTC', 'Imaginary(R) CPU', '2 cores', '23.5 GiB', 'Linux 6.1.0'],
      ...['0.08 before, 1.94 after', '0123456789ab', 'requests 20,000', 'rounds 9', 'built with'],
      ...['what solo-io tag does', 'none again'],
    ]) {
      expect(html).toContain(words);
    }
  });

  it('says of a quick run that it is not to be quoted', async () => {
    expect(await htmlReport(madeUpRecord({ quick: true }))).toContain('Not to be quoted');
    expect(html).not.toContain('Not to be quoted');
  });

  it('escapes whatever a record says', async () => {
    const evil = madeUpRecord({}, 2);
    const page = await htmlReport({
      ...evil,
      machine: { ...evil.machine, cpu: EVIL, kernel: EVIL },
      versions: { [EVIL]: EVIL },
      settings: { cpu: { [EVIL]: EVIL } },
      remarks: [EVIL],
      variants: evil.variants.map((one) => ({
        ...one,
        title: EVIL,
        ...(one.job && { job: EVIL }),
      })),
      measurements: evil.measurements.map((one) => ({ ...one, case: `${one.case} ${EVIL}` })),
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<b>&');
    expect(page.split(ESCAPED).length).toBeGreaterThan(50);
  });

  it('stands without measurements', async () => {
    const page = await htmlReport(madeUpRecord({ measurements: [], remarks: [] }));
    expect(page).toContain('How it was measured');
    expect(page).not.toContain('<svg');
  });
});
