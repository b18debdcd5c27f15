// The labels that Envoy is told to take out of metric names are those that the filter writes.

import { expect, it } from 'vitest';
import { Host } from '../../envoyfilter/src/host/index.js';
import { LABELS } from '../../envoyfilter/src/render/stats-tags.js';
import { loadFilter, samplesOf } from '../harness/host.js';

it('stats tags and metric names have the same labels', () => {
  const host = new Host();
  const id = 'shop/shop/0';
  const rules = [{ name: 'one', value: 'v', percent: 1, mint: { cookie: 'id' } }];
  const limits = [{ name: 'all', rate: '1/s' }];
  const configuration = { id, direction: 'gateway', tags: [{ header: 'x-tag', rules }], limits };
  loadFilter(host, { id, direction: 'gateway', configuration });
  const written = new Set(samplesOf(host).flatMap(({ labels }) => Object.keys(labels)));
  expect([...written].sort()).toEqual([...LABELS].sort());
});
