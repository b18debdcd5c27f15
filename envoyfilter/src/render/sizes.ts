// sizes: how near what is rendered is to the limits of Kubernetes, and what to do beyond them.
// Promise: pure; what cannot be stored at all is an error, what only one way of applying refuses is
// a note.

import { gzipSync } from 'node:zlib';
import { RenderError } from './options.js';
import type { Resource } from './resource.js';

const KIB = 1024;
/** All annotations of an object; `kubectl apply` keeps the whole object as JSON in one of them. */
export const ANNOTATIONS_BYTES = 256 * KIB;
/** Less is less than 5 % of that: what holds no module is far from every limit. */
const WORTH_TELLING_BYTES = 12 * KIB;
/** What etcd takes in one request unless it is told otherwise. */
export const ETCD_BYTES = 1536 * KIB;
/** The values of a ConfigMap, and a Helm release, which is a Secret. */
export const CONFIG_MAP_BYTES = 1024 * KIB;

/** All objects together: each is a watch event to istiod, and kept by etcd with its past. */
const MANY_BYTES = 10 * 1024 * KIB;

const BY_SERVER = 'kubectl apply --server-side';
const ELSEWHERE = 'spec.delivery.code: {configMap: NAME}, {http: URL} or {oci: IMAGE}';
const ELSEWHERE_STILL = 'spec.delivery.code: {http: URL} or {oci: IMAGE}';

/**
 * What is to be said of the sizes: of each kind the largest object, where it is not small, and each
 * that is too large for `kubectl apply`.
 * @throws RenderError where the cluster would refuse an object
 */
export function sizeNotes(resources: readonly Resource[]): string[] {
  const largest = new Map<string, { name: string; bytes: number }>();
  const notes: string[] = [];
  let all = 0;
  for (const resource of resources) {
    const name = nameOf(resource);
    const bytes = Buffer.byteLength(JSON.stringify(resource));
    all += bytes;
    if (bytes > ETCD_BYTES) throw tooLarge(name, bytes, ETCD_BYTES, 'etcd takes', ELSEWHERE);
    checkConfigMap(resource, name);
    if (bytes > ANNOTATIONS_BYTES) {
      notes.push(
        `${name}: ${inKib(bytes)} are ${share(bytes, ANNOTATIONS_BYTES)} of what "kubectl apply" ` +
          `can remember of an object: use "${BY_SERVER}", or ${ELSEWHERE}`,
      );
    }
    if (bytes > (largest.get(resource.kind)?.bytes ?? 0)) {
      largest.set(resource.kind, { name, bytes });
    }
  }
  const large = [...largest.values()].filter(({ bytes }) => bytes > WORTH_TELLING_BYTES);
  const margins = large.map(
    ({ name, bytes }) =>
      `${name}: ${inKib(bytes)}, the largest of its kind: ${share(bytes, ANNOTATIONS_BYTES)} of ` +
      `what "kubectl apply" takes (256 KiB), ${share(bytes, ETCD_BYTES)} of what etcd does (1.5 MiB)`,
  );
  return [...margins, ...notes, ...total(resources.length, all)];
}

function total(count: number, bytes: number): string[] {
  if (bytes <= MANY_BYTES) return [];
  return [
    `${count} objects are ${inKib(bytes)} together: wanted the module out of them, by ${ELSEWHERE}`,
  ];
}

/** The bytes of a Helm release: the chart and what it renders, packed as Helm packs them. */
export function helmReleaseBytes(chart: readonly Uint8Array[], manifest: string): number {
  const files = chart.map((bytes) => Buffer.from(bytes).toString('base64'));
  const packed = gzipSync(JSON.stringify({ files, manifest }), { level: 9 });
  return Math.ceil(packed.byteLength / 3) * 4;
}

/** How near a Helm release is to its limit. @throws RenderError beyond it */
export function helmReleaseNote(bytes: number): string {
  if (bytes > CONFIG_MAP_BYTES) {
    throw tooLarge(
      'the Helm release',
      bytes,
      CONFIG_MAP_BYTES,
      'its Secret holds',
      ELSEWHERE_STILL,
    );
  }
  return `Helm release: about ${inKib(bytes)}: ${share(bytes, CONFIG_MAP_BYTES)} of what its Secret holds (1 MiB)`;
}

function checkConfigMap({ kind, data, binaryData }: Resource, name: string): void {
  if (kind !== 'ConfigMap') return;
  const texts = Object.values((data ?? {}) as Record<string, string>);
  const encoded = Object.values((binaryData ?? {}) as Record<string, string>);
  const bytes =
    texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
    encoded.reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0);
  if (bytes > CONFIG_MAP_BYTES) {
    throw tooLarge(name, bytes, CONFIG_MAP_BYTES, 'a ConfigMap holds', ELSEWHERE_STILL);
  }
}

function tooLarge(name: string, bytes: number, most: number, what: string, remedy: string) {
  return new RenderError(
    `${name}: found ${inKib(bytes)}, wanted at most ${inKib(most)}, which is what ${what}: use ${remedy}`,
  );
}

function nameOf({ kind, metadata }: Resource): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

function inKib(bytes: number): string {
  return `${Math.ceil(bytes / KIB)} KiB`;
}

function share(bytes: number, most: number): string {
  return `${Math.round((100 * bytes) / most)} %`;
}
