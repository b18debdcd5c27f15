// placed-route: a route, and where it stands.

import type { Policy, RouteSpec } from '../../policy/policy.js';

export interface PlacedRoute {
  readonly policy: Policy;
  readonly route: RouteSpec;
  /** As `spec.routes[1]`. */
  readonly place: string;
}
