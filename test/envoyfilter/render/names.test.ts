import { describe, expect, it } from 'vitest';
import { dnsLabel, labelValue, objectName } from '../../../envoyfilter/src/render/names.js';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const NAMES = [
  ...[
    'shop',
    'Shop',
    'shop_1',
    'shop-1',
    'shop.1',
    '-shop',
    'shop-',
    'ü',
    '',
    '..',
    'a'.repeat(63),
  ],
  ...['a'.repeat(64), `${'a'.repeat(63)}b`, 'reviews.prod.svc.cluster.local', 'A'.repeat(300)],
];

describe('a name', () => {
  it('is a DNS label, of another text another', () => {
    const labels = NAMES.map(dnsLabel);
    for (const label of labels) expect(label).toMatch(LABEL);
    expect(new Set(labels).size).toBe(NAMES.length);
  });

  it("is a label's value, of another text another", () => {
    const values = NAMES.map(labelValue);
    for (const value of values) expect(value).toMatch(VALUE);
    expect(new Set(values).size).toBe(NAMES.length);
  });

  it('stays as it is where it can', () => {
    expect(dnsLabel('reviews-v2')).toBe('reviews-v2');
    expect(labelValue('shop.Shop_1')).toBe('shop.Shop_1');
    expect(dnsLabel('Reviews')).toMatch(/^reviews-[0-9a-f]{8}$/);
    const entry = { id: 'a/b/12', direction: 'inbound' as const, configuration: {} };
    expect(objectName('b', entry)).toBe('tagalong-b-12-inbound');
    expect(objectName('b', entry, 'limits')).toBe('tagalong-b-12-inbound-limits');
  });
});
