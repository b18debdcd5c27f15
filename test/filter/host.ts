// host: what a spec may order from and ask of the fake host (host.js).
// The name of this file is the import module. Strings are UTF-8 on the host's side.

/**
 * Forgets everything: headers, properties, shared data, lines, refusals, counts of calls. But not
 * metrics, whose ids a VM keeps for ever.
 */
export declare function hostReset(): void;

/** From now on the call answers `status` and does nothing; 0 = it works again. */
export declare function hostRefuse(call: string, status: u32): void;
/** How often the call came, refused ones included. */
export declare function hostCalls(call: string): u32;

/** One more header of a map. */
export declare function hostHeader(map: i32, name: string, value: string): void;
export declare function hostClearHeaders(): void;
/** What the pairs call answers for a map, byte for byte, instead of its headers. */
export declare function hostPairs(map: i32, ptr: usize, size: u32): void;
/** `name=value; name=value` */
export declare function hostHeaders(map: i32): string;
/** `verb map name=value; …` of header writes since the last `hostWrites`. */
export declare function hostWrites(): string;

/** The parts of `path` are divided by dots. */
export declare function hostProperty(path: string, value: string): void;
export declare function hostBuffer(type: i32, ptr: usize, size: u32): void;

export declare function hostShare(key: string, value: string): void;
/** `(absent)` where nothing stands under the key. */
export declare function hostShared(key: string): string;

/** The value of the newest metric of that name, -1 = never defined. */
export declare function hostMetric(name: string): i64;
/** How many definitions the host has seen. */
export declare function hostMetrics(): u32;
/** Their names, one a line. */
export declare function hostMetricNames(): string;

/** `level line`, one a line, since the last `hostLog`. */
export declare function hostLog(): string;
export declare function hostLogLevel(level: u32): void;

export declare function hostTime(wall: u64, monotonic: u64): void;

/** `status details [body] [bytes of the header list] grpcStatus` of the last reply. */
export declare function hostReply(): string;
