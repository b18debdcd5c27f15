import { Action, MapType, Status } from '../../filter/assembly/abi/enums';
import {
  proxy_abi_version_0_2_1,
  proxy_on_memory_allocate,
  proxy_on_request_headers,
  proxy_on_response_headers,
} from '../../filter/assembly/main';
import { ARENA_SIZE } from '../../filter/assembly/shim/arena';
import { create, policy, push, request, requestWith, response, start } from './features/vm';
import { hostCalls, hostHeader, hostMetric, hostProperty, hostRefuse, hostReset } from './host';

const ERRORS = 'tagalong_errors_total.policy=.=p;.;direction=.=inbound;.;kind=.=';

// One module is one VM: the cases on one plugin alone come first.
describe('main, one plugin', () => {
  beforeEach(() => {
    hostReset();
  });

  it('has the name by which the host knows the ABI', () => {
    proxy_abi_version_0_2_1();
    expect(start('')).toBe(true);
  });

  it('gives the host memory as long as there is some', () => {
    const first = proxy_on_memory_allocate(10);
    expect(first).not.toBe(0);
    expect(proxy_on_memory_allocate(1) - first).toBe(16);
    expect(proxy_on_memory_allocate(ARENA_SIZE)).toBe(0);
  });

  it('continues a request and a response without configuration', () => {
    expect(proxy_on_request_headers(1, 0, 1)).toBe(Action.Continue);
    expect(proxy_on_response_headers(1, 0, 1)).toBe(Action.Continue);
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(0);
  });

  it('tags a request and echoes the tag in its response, once', () => {
    push(1, policy('p', 'a'));
    expect(request(5)).toBe('add 0 x-t=a');
    expect(requestWith(6, 'z')).toBe('');
    expect(response(5)).toBe('replace 2 x-t=a');
    expect(response(6)).toBe('replace 2 x-t=z');
    expect(response(5)).toBe('');
  });

  it('continues a response whose request it never saw', () => {
    expect(response(12345)).toBe('');
    expect(proxy_on_response_headers(12345, 0, 1)).toBe(Action.Continue);
  });

  it('begins each request with an empty arena', () => {
    while (proxy_on_memory_allocate(1 << 16) != 0) {}
    expect(request(7)).toBe('add 0 x-t=a');
    response(7);
    hostHeader(MapType.RequestHeaders, 'x', 'y'.repeat(200_000));
    for (let i = 0; i < 20; i++) proxy_on_request_headers(8, 1, 1);
    expect(hostMetric(ERRORS + 'headers;.;')).toBe(0);
    response(8);
  });

  it('continues whatever the host refuses, and counts it', () => {
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    hostRefuse('proxy_add_header_map_value', Status.InternalFailure);
    hostRefuse('proxy_replace_header_map_value', Status.BadArgument);
    expect(proxy_on_request_headers(9, 0, 1)).toBe(Action.Continue);
    expect(hostMetric(ERRORS + 'headers;.;')).toBe(1);
    hostRefuse('proxy_get_header_map_pairs', 0);
    const before = hostMetric(ERRORS + 'write;.;');
    expect(proxy_on_request_headers(9, 0, 1)).toBe(Action.Continue);
    expect(hostMetric(ERRORS + 'write;.;')).toBe(before + 1);
    expect(proxy_on_response_headers(9, 0, 1)).toBe(Action.Continue);
    expect(hostMetric(ERRORS + 'write;.;')).toBe(before + 2);
  });

  it('does not touch a request where it is disabled', () => {
    push(1, policy('p', 'a').replace('"direction"', '"mode":"disabled","direction"'));
    expect(requestWith(10, 'z')).toBe('');
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(0);
    expect(hostCalls('proxy_increment_metric')).toBe(0);
    expect(response(10)).toBe('');
    push(1, policy('p', 'a'));
  });

  it('needs no context of its stream', () => {
    expect(request(4711)).toBe('add 0 x-t=a');
    response(4711);
  });

  it('serves a response with what was decided before a push', () => {
    request(11);
    push(1, policy('p', 'b'));
    expect(response(11)).toBe('replace 2 x-t=a');
    expect(request(12)).toBe('add 0 x-t=b');
    response(12);
  });

  it('serves each root with what it was given, where the host tells whose a stream is', () => {
    create(2, 0);
    push(2, policy('p', 'c'));
    create(13, 1);
    create(14, 2);
    expect(request(13)).toBe('add 0 x-t=b');
    expect(request(14)).toBe('add 0 x-t=c');
    expect(request(15)).toBe('add 0 x-t=c');
    response(13);
    response(14);
    response(15);
  });
});

describe('main, several plugins in one VM', () => {
  beforeEach(() => {
    hostReset();
  });

  it('serves each stream by the root it belongs to', () => {
    create(20, 0);
    hostProperty('plugin_name', 'one');
    push(20, policy('p1', 'one'));
    create(21, 0);
    hostProperty('plugin_name', 'two');
    push(21, policy('p2', 'two'));
    create(30, 20);
    create(31, 21);
    create(32, 20);
    expect(request(30)).toBe('add 0 x-t=one');
    expect(request(31)).toBe('add 0 x-t=two');
    expect(request(32)).toBe('add 0 x-t=one');
    expect(response(31)).toBe('replace 2 x-t=two');
    response(30);
    response(32);
  });

  it('lets a stream pass whose root it does not know', () => {
    expect(request(33)).toBe('');
    create(34, 99);
    expect(request(34)).toBe('');
    // A root context is no stream, and takes no stream's place.
    expect(request(20)).toBe('');
    create(35, 20);
    create(35 + 4096, 0);
    expect(request(35)).toBe('add 0 x-t=one');
  });

  // Envoy goes back to a root that still has streams without configuring it again: a roll-back.
  it('serves each root of one plugin with the configuration that it was given', () => {
    create(22, 0);
    hostProperty('plugin_name', 'one');
    push(22, policy('p1', 'newer'));
    create(35, 20);
    create(36, 22);
    expect(request(35)).toBe('add 0 x-t=one');
    expect(request(36)).toBe('add 0 x-t=newer');
    create(35, 20);
    expect(request(35)).toBe('add 0 x-t=one');
    create(37, 21);
    expect(request(37)).toBe('add 0 x-t=two');
  });

  it('keeps a refusal of one from the others', () => {
    hostProperty('plugin_name', 'two');
    push(21, '{}');
    create(38, 20);
    create(39, 21);
    expect(request(38)).toBe('add 0 x-t=one');
    expect(request(39)).toBe('add 0 x-t=two');
    // A new root that was refused is served with what was in force before it.
    create(24, 0);
    push(24, '{}');
    create(41, 24);
    expect(request(41)).toBe('add 0 x-t=two');
    hostProperty('plugin_name', 'three');
    push(23, '{}');
    create(40, 23);
    expect(request(40)).toBe('');
  });
});
