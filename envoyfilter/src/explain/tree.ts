// tree: a chain of services that call one another, as a user writes it. Pure.

export interface Service {
  readonly name: string;
  /** Default the first policy's. */
  readonly namespace?: string;
}

export interface TreeSpec {
  /** In the order in which they are called. */
  readonly services: readonly Service[];
  /** Headers, lower-case, that a service's application gives on; default x-request-id. */
  readonly forwards?: Readonly<Record<string, readonly string[]>>;
}

export const FORWARDED = ['x-request-id'] as const;

/**
 * @param text `frontend > reviews.shop > ratings`
 * @throws RangeError with what came and what is wanted
 */
export function readTree(text: string): TreeSpec {
  const names = text.split(/>|→/).map((name) => name.trim());
  const services = names.map((full) => {
    const [, name, namespace] = /^([a-z0-9][a-z0-9-]*)(?:\.([a-z0-9-]+))?$/.exec(full) ?? [];
    if (name === undefined) {
      throw new RangeError(
        `--tree: found ${JSON.stringify(full)} in ${JSON.stringify(text)}, ` +
          'wanted services as in "frontend > reviews.shop > ratings"',
      );
    }
    return namespace === undefined ? { name } : { name, namespace };
  });
  return { services };
}

/**
 * @param lines `reviews: x-request-id, x-tenant`; `reviews: none`
 * @throws RangeError with what came and what is wanted
 */
export function readForwards(
  lines: readonly string[],
  services: readonly Service[],
): Record<string, string[]> {
  // A service may be called constructor.
  const forwards: Record<string, string[]> = Object.create(null);
  for (const line of lines) {
    const [, name = '', list] = /^\s*([^:\s]+)\s*:(.*)$/.exec(line) ?? [];
    if (list === undefined || !services.some((service) => service.name === name)) {
      const names = services.map((service) => service.name).join(', ');
      throw new RangeError(
        `--forwards: found ${JSON.stringify(line)}, wanted "SERVICE: x-request-id, …" ` +
          `of one of ${names}`,
      );
    }
    const headers = list.split(',').map((header) => header.trim().toLowerCase());
    forwards[name] = headers.filter((header) => header !== '' && header !== 'none');
  }
  return forwards;
}
