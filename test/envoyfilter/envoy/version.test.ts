import { describe, expect, it } from 'vitest';
import {
  DEFAULT_VERSION,
  isSupported,
  parseVersion,
  SUPPORTED_VERSIONS,
} from '../../../envoyfilter/src/envoy/version.js';

describe('version', () => {
  it.each([
    ['\nenvoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL\n', '1.40.0'],
    ['envoy  version: 9e55/1.41.0-dev/Modified/DEBUG/BoringSSL', '1.41.0-dev'],
    ['envoy  version: /1.36.4/Clean/RELEASE/BoringSSL', '1.36.4'],
    ['Python 3.11.7', undefined],
    ['version: 1.40.0', undefined],
    ['', undefined],
  ])('reads %j as %s', (output, version) => {
    expect(parseVersion(output)).toBe(version);
  });

  it('supports 1.36 and later', () => {
    const versions = ['0.99.0', '1.35.9', '1.36.0', '1.40.0', '1.41.0-dev', '2.0.0'];
    expect(versions.filter(isSupported)).toEqual(['1.36.0', '1.40.0', '1.41.0-dev', '2.0.0']);
  });

  it('fetches by default one that is supported', () => {
    expect(SUPPORTED_VERSIONS).toContain(DEFAULT_VERSION);
    expect(SUPPORTED_VERSIONS.every(isSupported)).toBe(true);
  });
});
