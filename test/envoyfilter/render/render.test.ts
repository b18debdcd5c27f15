import { describe, expect, it } from 'vitest';
import type { FilterEntry } from '../../../envoyfilter/src/policy/policy.js';
import { capabilitiesHash, capabilitiesOf } from '../../../envoyfilter/src/render/capabilities.js';
import { LABELS, statsConfig } from '../../../envoyfilter/src/render/stats-tags.js';
import { extensionConfig, pluginConfig } from '../../../envoyfilter/src/render/wasm-filter.js';

function entry(configuration: Record<string, unknown>): FilterEntry {
  return { id: 'shop/shop/0', direction: 'inbound', configuration };
}
const echoing = entry({ tags: [{ header: 'x-a', echo: true }] });
const options = { wasmPath: '/tagalong.wasm' };

describe('capabilities', () => {
  it('hold callbacks only where the policy needs them', () => {
    const request = 'proxy_on_request_headers';
    const response = 'proxy_on_response_headers';
    expect(capabilitiesOf(entry({}))).not.toContain(request);
    expect(capabilitiesOf(entry({ tags: [] }))).not.toContain(request);
    expect(capabilitiesOf(entry({ mode: 'disabled', tags: [{}] }))).not.toContain(request);
    expect(capabilitiesOf(entry({ tags: [{ header: 'x' }] }))).toContain(request);
    expect(capabilitiesOf(entry({ tags: [{ header: 'x' }] }))).not.toContain(response);
    expect(capabilitiesOf(echoing)).toEqual(expect.arrayContaining([request, response]));
  });

  it('have a hash that follows the list', () => {
    const hashes = [entry({}), entry({ tags: [{}] }), echoing].map((one) =>
      capabilitiesHash(capabilitiesOf(one)),
    );
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('the plugin configuration', () => {
  it('puts the capability list where the version of Envoy looks for it', () => {
    const old = pluginConfig(echoing, true, { ...options, envoy: '1.39.3' });
    const recent = pluginConfig(echoing, true, { ...options, envoy: '1.40.0' });
    expect(old).toHaveProperty('capability_restriction_config');
    expect(old.vm_config).not.toHaveProperty('capability_restriction_config');
    expect(recent).not.toHaveProperty('capability_restriction_config');
    expect(recent.vm_config).toHaveProperty('capability_restriction_config');
  });

  it('gives each entry and direction a VM of its own', () => {
    const of = (one: FilterEntry, strict: boolean) =>
      pluginConfig(one, strict, options).vm_config.configuration;
    const outbound: FilterEntry = { ...echoing, direction: 'outbound' };
    const other: FilterEntry = { ...echoing, id: 'shop/shop/1' };
    const all = [of(echoing, true), of(echoing, false), of(outbound, true), of(other, true)];
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(4);
  });

  it('is strict through discovery alone', () => {
    expect(JSON.stringify(extensionConfig('x', echoing, options))).toContain('\\"strict\\":true');
  });
});

describe('stats tags', () => {
  const name = 'tagalong_tag_total.policy=.=a/b/0;.;tag=.=x-tag;.;rule=.=a.b "c";.;value=.=v;.;';

  it('take each label of a metric name apart', () => {
    const found: Record<string, string | undefined> = {};
    let rest = name;
    for (const { tag_name, regex } of statsConfig().stats_tags) {
      const match = new RegExp(regex).exec(rest);
      if (!match) continue;
      found[tag_name] = match[2];
      rest = rest.replace(match[1] ?? '', '');
    }
    expect(found).toEqual({ policy: 'a/b/0', tag: 'x-tag', rule: 'a.b "c"', value: 'v' });
    expect(rest).toBe('tagalong_tag_total.');
  });

  it('know every label once', () => {
    expect(new Set(LABELS).size).toBe(LABELS.length);
  });
});
