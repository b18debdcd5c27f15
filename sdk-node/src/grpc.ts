// grpc: for clients of @grpc/grpc-js.

import { RoutedChannel } from './call/grpc-channel.js';
import type { Grpc } from './call/grpc-js.js';
import { type CallOptions, policyOf } from './call/options.js';
import { TagalongError } from './core/errors.js';
import { settings } from './options/settings.js';

export type { CallOptions, RetryOptions } from './call/options.js';

/**
 * Options of a client: `new Client(target, credentials, channelOptions(target, credentials))`. Its
 * calls wait for the sidecar, and take the next hop where a connection fails. What may have been
 * processed is repeated only with an `idempotency-key` in the metadata, by `retry.idempotent`, or by
 * the retryPolicy of a `grpc.service_config` in `channel`. `channel`: channel options, which have no
 * effect beside these. `deadlineMs`: until the answer begins; a call's own deadline wins if earlier.
 * Errors are ServiceErrors with a TagalongError as `cause`.
 * @throws TagalongError TAGALONG_CONFIG: an option is wrong, or @grpc/grpc-js is not there
 */
export function channelOptions(
  target: string,
  credentials: object,
  options: CallOptions & { channel?: Record<string, unknown> } = {},
): Record<string, unknown> {
  const { channel = {}, ...rest } = options;
  const policy = policyOf(rest);
  if (!settings().enabled) return { ...channel };
  const grpc = load();
  return {
    ...channel,
    channelOverride: new RoutedChannel({ grpc, policy, target, credentials, options: channel }),
  };
}

function load(): Grpc {
  try {
    return require('@grpc/grpc-js') as Grpc;
  } catch (cause) {
    throw new TagalongError(
      'TAGALONG_CONFIG',
      '@grpc/grpc-js cannot be loaded: install it beside the application.',
      { cause },
    );
  }
}
