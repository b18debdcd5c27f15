// status: the numbers of the proxy-wasm ABI 0.2.1, as Envoy 1.40 uses them.
// Const objects with union types, so that a value prints and compares as the number the guest sees.
// Owns no behaviour. Spec: proxy-wasm/spec abi-versions/v0.2.1.

/** What a host function answers. */
export const Status = {
  Ok: 0,
  NotFound: 1,
  BadArgument: 2,
  SerializationFailure: 3,
  ParseFailure: 4,
  BadExpression: 5,
  InvalidMemoryAccess: 6,
  Empty: 7,
  CasMismatch: 8,
  ResultMismatch: 9,
  InternalFailure: 10,
  BrokenConnection: 11,
  Unimplemented: 12,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Which map a header call means. */
export const MapType = {
  RequestHeaders: 0,
  RequestTrailers: 1,
  ResponseHeaders: 2,
  ResponseTrailers: 3,
  GrpcReceiveInitialMetadata: 4,
  GrpcReceiveTrailingMetadata: 5,
  HttpCallResponseHeaders: 6,
  HttpCallResponseTrailers: 7,
} as const;
export type MapType = (typeof MapType)[keyof typeof MapType];
export const MAP_TYPE_MAX = MapType.HttpCallResponseTrailers;

/** Which buffer a buffer call means. */
export const BufferType = {
  HttpRequestBody: 0,
  HttpResponseBody: 1,
  DownstreamData: 2,
  UpstreamData: 3,
  HttpCallResponseBody: 4,
  GrpcReceiveBuffer: 5,
  VmConfiguration: 6,
  PluginConfiguration: 7,
  CallData: 8,
} as const;
export type BufferType = (typeof BufferType)[keyof typeof BufferType];
export const BUFFER_TYPE_MAX = BufferType.CallData;

/** What a headers callback answers. Envoy takes any other number for a pause. */
export const Action = { Continue: 0, Pause: 1 } as const;
export type Action = (typeof Action)[keyof typeof Action];

/** Which side continue_stream and close_stream mean. */
export const StreamType = { Request: 0, Response: 1, Downstream: 2, Upstream: 3 } as const;
export type StreamType = (typeof StreamType)[keyof typeof StreamType];
export const STREAM_TYPE_MAX = StreamType.Upstream;

/** The low two bits of a metric id. */
export const MetricType = { Counter: 0, Gauge: 1, Histogram: 2 } as const;
export type MetricType = (typeof MetricType)[keyof typeof MetricType];
export const METRIC_TYPE_MAX = MetricType.Histogram;

/** Log levels by name; the value is the number of the ABI. */
export const LogLevel = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, critical: 5 } as const;
export type LogLevel = keyof typeof LogLevel;
/** Level names by ABI number. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;

/** The WASI errno values that the host's subset answers. */
export const Errno = {
  Success: 0,
  BadFileDescriptor: 8,
  NotADirectory: 20,
  Fault: 21,
  Invalid: 28,
  NoEntry: 44,
  NotImplemented: 52,
  NotSupported: 58,
  NotCapable: 76,
} as const;
export type Errno = (typeof Errno)[keyof typeof Errno];
