// What makes figures worthless is found before anything is measured.

import { describe, expect, it } from 'vitest';
import { benchBootstrap } from '../../bench/src/envoy/bootstrap.js';
import { judgeBootstrap, judgeBuild, judgeMachine } from '../../bench/src/envoy/preflight.js';

const sound = () => benchBootstrap([{ name: 'bench', filters: [] }]);

/** The bootstrap of the bench with one text in it replaced. */
function changed(from: string, to: string): object {
  const text = JSON.stringify(sound());
  expect(text).toContain(from);
  return JSON.parse(text.replace(from, to));
}

describe('a build of Envoy', () => {
  it('is to be a release', () => {
    expect(judgeBuild('envoy version: 9e55809/1.40.0/Clean/RELEASE/BoringSSL')).toEqual([]);
    expect(judgeBuild('envoy version: 9e55809/1.40.0/Clean/DEBUG/BoringSSL')).toMatchObject([
      { severe: true, text: expect.stringContaining('DEBUG') },
    ]);
  });
});

describe('the configuration under test', () => {
  it('is fit as it is', () => expect(judgeBootstrap(sound())).toEqual([]));

  it.each([
    ['request ids', '"generate_request_id":false', '"generate_request_id":true'],
    ['request ids by default', '"generate_request_id":false,', ''],
    ['dynamic stats', '"dynamic_stats":false', '"dynamic_stats":true'],
    ['dynamic stats by default', ',"dynamic_stats":false', ''],
    ['tracing', '"generate_request_id":false', '"generate_request_id":false,"tracing":{}'],
    ['an access log', '"stat_prefix"', '"access_log":[{}],"stat_prefix"'],
    ['a runtime key', '"stat_prefix"', '"runtime_fraction":{"runtime_key":"a"},"stat_prefix"'],
  ])('must not have %s', (_what, from, to) => {
    expect(judgeBootstrap(changed(from, to))).toMatchObject([{ severe: true }]);
  });

  it('may have an access log that is none', () => {
    expect(judgeBootstrap(changed('"stat_prefix"', '"access_log":[],"stat_prefix"'))).toEqual([]);
  });
});

describe('the machine', () => {
  it('is fit with two cores that have nothing else to do', () => {
    expect(judgeMachine(2, true, 0.15)).toEqual([]);
  });

  it('is not with one', () => {
    expect(judgeMachine(1, true, 0)).toMatchObject([{ severe: true }]);
  });

  it('is not where others use it', () => {
    expect(judgeMachine(2, true, 0.16)).toMatchObject([
      { severe: true, text: 'other programs use 16 % of the processors' },
    ]);
  });

  it('is worth a remark where nothing can be kept on a core', () => {
    expect(judgeMachine(2, false, 0)).toMatchObject([{ severe: false }]);
  });
});
