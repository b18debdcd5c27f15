// target: the versions that are rendered for, and what each of them has.

/** MAJOR.MINOR of each. */
export interface Target {
  readonly istio: string;
  readonly envoy: string;
}

/** Oldest first; tested with. */
export const ENVOYS = ['1.36', '1.37', '1.38', '1.39', '1.40'] as const;
export const ISTIOS = ['1.28', '1.29', '1.30', '1.31'] as const;

export const LATEST: Target = { istio: '1.31', envoy: '1.40' };

/** The Envoy in the proxies of an Istio. */
const ENVOY_OF: Readonly<Record<string, string>> = {
  '1.28': '1.36',
  '1.29': '1.37',
  '1.30': '1.38',
  '1.31': '1.39',
};

/** Is `version` at least `wanted`? Both MAJOR.MINOR. */
export function atLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The Envoy that comes with an Istio; of one that is not known, the newest. */
export function envoyOf(istio: string): string {
  return ENVOY_OF[istio] ?? LATEST.envoy;
}

/**
 * The Envoy whose API istiod speaks. It passes on what it knows: a field that came later is dropped
 * without a word, whatever the proxy would make of it.
 */
export function apiOf({ istio, envoy }: Target): string {
  const own = envoyOf(istio);
  return atLeast(envoy, own) ? own : envoy;
}

/** MAJOR.MINOR of `text`, which may have a patch version and a `v`; undefined: not one of `known`. */
export function versionIn(text: string, known: readonly string[]): string | undefined {
  const [, version] = /^v?(\d+\.\d+)(?:\.\d+)?$/.exec(text) ?? [];
  return known.find((one) => one === version);
}
