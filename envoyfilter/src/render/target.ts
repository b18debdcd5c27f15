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

/** Is `version` at least `wanted`? Both MAJOR.MINOR. */
export function atLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
