import {
  readVmConfig,
  vmDirectionLabel,
  vmIdPtr,
  vmIdSize,
  vmIsStrict,
} from '../../../filter/assembly/config/vm';
import { lay, read } from '../support';
import { faultText, inArena } from './compile';

/** `id direction strict`, or the fault. */
function vm(text: string): string {
  const slice = lay(text);
  if (!readVmConfig(inArena(slice), slice.size)) return faultText();
  return shown();
}

function shown(): string {
  const strict = vmIsStrict() ? 'strict' : 'lenient';
  return read(vmIdPtr(), vmIdSize()) + ' ' + vmDirectionLabel() + ' ' + strict;
}

describe('vm', () => {
  it('reads what the renderers write', () => {
    expect(vm('{"id":"shop/checkout/0","direction":"inbound","caps":"1f","strict":true}')).toBe(
      'shop/checkout/0 inbound strict',
    );
    expect(vm('{"direction":"gateway","id":"a"}')).toBe('a gateway lenient');
    expect(vm('{"direction":"outbound","strict":false}')).toBe(' outbound lenient');
  });

  it('needs nothing, and forgets what was read before', () => {
    vm('{"id":"a","direction":"inbound","strict":true}');
    expect(vm('{}')).toBe(' any lenient');
  });

  it('does not read caps', () => {
    expect(vm('{"caps":[1,{"a":2}]}')).toBe(' any lenient');
  });

  it('refuses what it does not understand', () => {
    expect(vm('')).toBe('$: found no text at all, wanted a JSON object');
    expect(vm('{')).toBe('$: found the end of the text, wanted a key in double quotes');
    expect(vm('[]')).toBe(
      '$: found an empty array, wanted an object with the keys id direction caps strict',
    );
    expect(vm('{"ID":"a"}')).toBe('$: found the key "ID", wanted one of: id direction caps strict');
    expect(vm('{"":"a"}')).toBe('$: found the key "", wanted one of: id direction caps strict');
    expect(vm('{"strict":1}')).toBe('$.strict: found 1, wanted true or false');
    expect(vm('{"direction":"any"}')).toBe(
      '$.direction: found "any", wanted "gateway", "inbound" or "outbound"',
    );
    expect(vm('{"direction":null}')).toBe(
      '$.direction: found null, wanted "gateway", "inbound" or "outbound"',
    );
    expect(vm('{"direction":""}')).toBe(
      '$.direction: found "", wanted "gateway", "inbound" or "outbound"',
    );
    expect(vm('{"id":""}')).toBe('$.id: found "", wanted an id such as shop/checkout/0');
    expect(vm('{"id":7}')).toBe('$.id: found 7, wanted an id such as shop/checkout/0');
    expect(vm('{"id":"a;.;"}')).toBe('$.id: found "a;.;", wanted a text without ;.; and =.=');
    expect(vm('{"strict":true,"strict":true}')).toBe(
      '$: found twice the key "strict", wanted it once',
    );
  });

  it('is as without configuration after a refusal', () => {
    // It stayed strict, with a direction, although the log said "going on without one".
    vm('{"id":"a","direction":"inbound","strict":true}');
    expect(vm('{"strict":true,"direction":"outbound","id":""}').includes(': found')).toBe(true);
    expect(shown()).toBe(' any lenient');
    expect(vm('{"strict":true,"direction":"x"}').includes(': found')).toBe(true);
    expect(shown()).toBe(' any lenient');
    vm('{"id":"a","direction":"inbound","strict":true}');
    vm('nonsense');
    expect(shown()).toBe(' any lenient');
  });

  it('takes an id of 256 bytes, and refuses one more', () => {
    const whole = 'a'.repeat(256);
    expect(vm('{"id":"' + whole + '"}')).toBe(whole + ' any lenient');
    expect(vm('{"id":"' + whole + 'a"}')).toBe(
      '$.id: found a longer text, wanted at most 256 bytes',
    );
  });
});
