import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Resource } from '../../../envoyfilter/src/render/resource.js';
import {
  ANNOTATIONS_BYTES,
  CONFIG_MAP_BYTES,
  ETCD_BYTES,
  helmReleaseBytes,
  helmReleaseNote,
  sizeNotes,
} from '../../../envoyfilter/src/render/sizes.js';

/** An object whose JSON has exactly so many bytes. */
function resource(bytes: number, kind = 'EnvoyFilter'): Resource {
  const of = (code: string) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'a', namespace: 'b' },
    code,
  });
  return of('a'.repeat(bytes - JSON.stringify(of('')).length));
}

function configMap(bytes: number): Resource {
  const binaryData = { m: Buffer.alloc(bytes).toString('base64') };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, binaryData };
}

describe('sizes', () => {
  it('are told of the largest of each kind, as shares of what holds it', () => {
    const notes = sizeNotes([
      resource(1000),
      resource(ANNOTATIONS_BYTES / 2),
      resource(20_000, 'Other'),
      resource(2000, 'Small'),
    ]);
    expect(notes).toEqual([
      'EnvoyFilter b/a: 128 KiB, the largest of its kind: 50 % of what "kubectl apply" takes ' +
        '(256 KiB), 8 % of what etcd does (1.5 MiB)',
      expect.stringMatching(/^Other b\/a: 20 KiB, .* 8 % of what "kubectl apply"/),
    ]);
  });

  it('of many objects together come with a remedy', () => {
    const many = Array.from({ length: 80 }, () => resource(128 * 1024));
    expect(sizeNotes(many)).toHaveLength(1);
    expect(sizeNotes([...many, resource(1000)])[1]).toContain(
      '81 objects are 10241 KiB together: wanted the module out of them',
    );
  });

  it('beyond what kubectl apply remembers come with a remedy', () => {
    expect(sizeNotes([resource(ANNOTATIONS_BYTES)])).toHaveLength(1);
    const [, note] = sizeNotes([resource(ANNOTATIONS_BYTES + 1)]);
    expect(note).toContain('use "kubectl apply --server-side"');
  });

  it('beyond what etcd takes are an error with a remedy', () => {
    expect(() => sizeNotes([resource(ETCD_BYTES)])).not.toThrow();
    expect(() => sizeNotes([resource(ETCD_BYTES + 1)])).toThrow(
      'use spec.delivery.code: {configMap',
    );
  });

  it('of a ConfigMap are those of its values, decoded', () => {
    expect(() => sizeNotes([configMap(CONFIG_MAP_BYTES)])).not.toThrow();
    expect(() => sizeNotes([configMap(CONFIG_MAP_BYTES + 1)])).toThrow('a ConfigMap holds');
  });

  it('of a Helm release are those of its packed chart and objects', () => {
    const module = randomBytes(300_000);
    const once = helmReleaseBytes([module], '');
    expect(once).toBeGreaterThan(400_000);
    expect(helmReleaseNote(once)).toContain('% of what its Secret holds');
    const many = helmReleaseBytes([module], randomBytes(600_000).toString('base64'));
    expect(() => helmReleaseNote(many)).toThrow('the Helm release: found');
  });
});
