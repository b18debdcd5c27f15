// host: a proxy-wasm host (ABI 0.2.1) in memory, for the filter's specs.
// It answers as Envoy does (statuses, empty values as pointer 0, InvalidMemoryAccess where the
// guest gives no memory), and can be told to refuse any call. What a spec asks of it: host.ts.

const OK = 0;
const NOT_FOUND = 1;
const BAD_ARGUMENT = 2;
const INVALID_MEMORY_ACCESS = 6;
const CAS_MISMATCH = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
// A property's path comes with its parts divided by NUL.
const dotted = (path) => path.replaceAll('\0', '.');

/** `imports` for the module; `attach` gives the host its exports once it is instantiated. */
export function makeHost() {
  let exports;
  let state = newState();

  const bytes = (ptr, size) => new Uint8Array(exports.memory.buffer, ptr >>> 0, size >>> 0).slice();
  const text = (ptr, size) => decoder.decode(bytes(ptr, size));
  const string = (ptr) => exports.__getString(ptr);
  const store32 = (ptr, value) =>
    new DataView(exports.memory.buffer).setUint32(ptr >>> 0, value >>> 0, true);
  const store64 = (ptr, value) =>
    new DataView(exports.memory.buffer).setBigUint64(ptr >>> 0, value, true);

  function newState() {
    return {
      headers: new Map(),
      lists: new Map(),
      properties: new Map(),
      buffers: new Map(),
      shared: new Map(),
      cas: 0,
      metrics: [],
      lines: [],
      logLevel: 2,
      wall: 0n,
      monotonic: 0n,
      random: 1,
      reply: '',
      writes: [],
      refusals: new Map(),
      calls: new Map(),
    };
  }

  /** Into memory that the guest gives, as the host does for every value of its own. */
  function hand(value, ptrPtr, sizePtr) {
    if (value.length === 0) {
      store32(ptrPtr, 0);
      store32(sizePtr, 0);
      return OK;
    }
    const ptr = exports.proxy_on_memory_allocate(value.length) >>> 0;
    if (ptr === 0) return INVALID_MEMORY_ACCESS;
    new Uint8Array(exports.memory.buffer).set(value, ptr);
    store32(ptrPtr, ptr);
    store32(sizePtr, value.length);
    return OK;
  }

  function headersOf(map) {
    if (!state.headers.has(map)) state.headers.set(map, []);
    return state.headers.get(map);
  }

  function serialize(headers) {
    const parts = headers.map(({ name, value }) => [encoder.encode(name), value]);
    const size = parts.reduce((sum, [name, value]) => sum + name.length + value.length + 10, 4);
    const list = new Uint8Array(size);
    const view = new DataView(list.buffer);
    view.setUint32(0, parts.length, true);
    let at = 4 + 8 * parts.length;
    parts.forEach(([name, value], index) => {
      view.setUint32(4 + 8 * index, name.length, true);
      view.setUint32(8 + 8 * index, value.length, true);
      list.set(name, at);
      list.set(value, at + name.length + 1);
      at += name.length + value.length + 2;
    });
    return list;
  }

  function write(verb, map, name, value) {
    state.writes.push(`${verb} ${map} ${name}${value === undefined ? '' : `=${value}`}`);
  }

  const calls = {
    proxy_log(level, ptr, size) {
      state.lines.push(`${level} ${text(ptr, size)}`);
      return OK;
    },
    proxy_get_log_level(levelPtr) {
      store32(levelPtr, state.logLevel);
      return OK;
    },
    proxy_get_current_time_nanoseconds(resultPtr) {
      store64(resultPtr, state.wall);
      return OK;
    },
    proxy_get_property(pathPtr, pathSize, ptrPtr, sizePtr) {
      const value = state.properties.get(dotted(text(pathPtr, pathSize)));
      return value === undefined ? NOT_FOUND : hand(value, ptrPtr, sizePtr);
    },
    proxy_get_buffer_bytes(type, start, size, ptrPtr, sizePtr) {
      const buffer = state.buffers.get(type);
      if (buffer === undefined) return NOT_FOUND;
      return hand(buffer.slice(start, start + size), ptrPtr, sizePtr);
    },
    proxy_set_buffer_bytes() {
      return BAD_ARGUMENT;
    },
    proxy_get_header_map_value(map, namePtr, nameSize, ptrPtr, sizePtr) {
      const name = text(namePtr, nameSize);
      const header = headersOf(map).find((each) => each.name === name);
      return header === undefined ? NOT_FOUND : hand(header.value, ptrPtr, sizePtr);
    },
    proxy_get_header_map_pairs(map, ptrPtr, sizePtr) {
      return hand(state.lists.get(map) ?? serialize(headersOf(map)), ptrPtr, sizePtr);
    },
    proxy_add_header_map_value(map, namePtr, nameSize, valuePtr, valueSize) {
      const name = text(namePtr, nameSize);
      write('add', map, name, text(valuePtr, valueSize));
      headersOf(map).push({ name, value: bytes(valuePtr, valueSize) });
      return OK;
    },
    proxy_replace_header_map_value(map, namePtr, nameSize, valuePtr, valueSize) {
      const name = text(namePtr, nameSize);
      write('replace', map, name, text(valuePtr, valueSize));
      state.headers.set(
        map,
        headersOf(map).filter((each) => each.name !== name),
      );
      headersOf(map).push({ name, value: bytes(valuePtr, valueSize) });
      return OK;
    },
    proxy_remove_header_map_value(map, namePtr, nameSize) {
      const name = text(namePtr, nameSize);
      write('remove', map, name);
      state.headers.set(
        map,
        headersOf(map).filter((each) => each.name !== name),
      );
      return OK;
    },
    proxy_get_shared_data(keyPtr, keySize, ptrPtr, sizePtr, casPtr) {
      const entry = state.shared.get(text(keyPtr, keySize));
      if (entry === undefined) return NOT_FOUND;
      store32(casPtr, entry.cas);
      return hand(entry.value, ptrPtr, sizePtr);
    },
    // As seen: a number on an absent key creates it.
    proxy_set_shared_data(keyPtr, keySize, valuePtr, valueSize, cas) {
      const key = text(keyPtr, keySize);
      const entry = state.shared.get(key);
      if (cas !== 0 && entry !== undefined && entry.cas !== cas >>> 0) return CAS_MISMATCH;
      state.cas += 1;
      state.shared.set(key, { value: bytes(valuePtr, valueSize), cas: state.cas });
      return OK;
    },
    // As Envoy: each definition of a name makes another entry.
    proxy_define_metric(type, namePtr, nameSize, idPtr) {
      state.metrics.push({ type, name: text(namePtr, nameSize), value: 0n });
      store32(idPtr, state.metrics.length);
      return OK;
    },
    proxy_increment_metric(id, offset) {
      const metric = state.metrics[id - 1];
      if (metric === undefined) return NOT_FOUND;
      metric.value += offset;
      return OK;
    },
    proxy_record_metric(id, value) {
      const metric = state.metrics[id - 1];
      if (metric === undefined) return NOT_FOUND;
      metric.value = value;
      return OK;
    },
    proxy_send_local_response(
      status,
      detailsPtr,
      detailsSize,
      bodyPtr,
      bodySize,
      headersPtr,
      headersSize,
      grpcStatus,
    ) {
      const details = text(detailsPtr, detailsSize);
      const headers = bytes(headersPtr, headersSize).join(' ');
      state.reply = `${status} ${details} [${text(bodyPtr, bodySize)}] [${headers}] ${grpcStatus}`;
      return OK;
    },
  };

  const wasi = {
    clock_time_get(clock, _precision, resultPtr) {
      if (clock !== 1) return 28; // EINVAL
      store64(resultPtr, state.monotonic);
      return 0;
    },
    /** Counts up, so that a spec knows what is minted. */
    random_get(ptr, size) {
      const filled = new Uint8Array(exports.memory.buffer, ptr >>> 0, size >>> 0);
      for (let i = 0; i < filled.length; i++) filled[i] = state.random++;
      return 0;
    },
  };

  /** Counts the calls of a name, and answers with the status that a spec ordered. */
  function watched(group) {
    return Object.fromEntries(
      Object.entries(group).map(([name, call]) => [
        name,
        (...args) => {
          state.calls.set(name, (state.calls.get(name) ?? 0) + 1);
          return state.refusals.get(name) || call(...args);
        },
      ]),
    );
  }

  const host = {
    hostReset() {
      state = { ...newState(), metrics: state.metrics };
    },
    hostRefuse(name, status) {
      state.refusals.set(string(name), status);
    },
    hostCalls(name) {
      return state.calls.get(string(name)) ?? 0;
    },
    hostHeader(map, name, value) {
      headersOf(map).push({ name: string(name), value: encoder.encode(string(value)) });
    },
    hostClearHeaders() {
      state.headers.clear();
      state.lists.clear();
    },
    hostPairs(map, ptr, size) {
      state.lists.set(map, bytes(ptr, size));
    },
    hostHeaders(map) {
      const shown = headersOf(map).map(({ name, value }) => `${name}=${decoder.decode(value)}`);
      return exports.__newString(shown.join('; '));
    },
    hostWrites() {
      const shown = state.writes.join('; ');
      state.writes = [];
      return exports.__newString(shown);
    },
    hostProperty(path, value) {
      state.properties.set(string(path), encoder.encode(string(value)));
    },
    hostBuffer(type, ptr, size) {
      state.buffers.set(type, bytes(ptr, size));
    },
    hostShare(key, value) {
      state.cas += 1;
      state.shared.set(string(key), { value: encoder.encode(string(value)), cas: state.cas });
    },
    hostShared(key) {
      const entry = state.shared.get(string(key));
      return exports.__newString(entry === undefined ? '(absent)' : decoder.decode(entry.value));
    },
    hostMetric(name) {
      const wanted = string(name);
      return state.metrics.findLast((each) => each.name === wanted)?.value ?? -1n;
    },
    hostMetrics() {
      return state.metrics.length;
    },
    hostMetricNames() {
      return exports.__newString(state.metrics.map(({ name }) => name).join('\n'));
    },
    hostLog() {
      const shown = state.lines.join('\n');
      state.lines = [];
      return exports.__newString(shown);
    },
    hostLogLevel(level) {
      state.logLevel = level;
    },
    hostTime(wall, monotonic) {
      state.wall = BigInt.asUintN(64, wall);
      state.monotonic = BigInt.asUintN(64, monotonic);
    },
    hostReply() {
      return exports.__newString(state.reply);
    },
  };

  return {
    imports: { env: watched(calls), wasi_snapshot_preview1: watched(wasi), host },
    attach(instance) {
      exports = instance.exports;
    },
  };
}
