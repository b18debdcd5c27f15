import { textPtr, textSize } from '../../../filter/assembly/bytes/text';
import {
  counter,
  gauge,
  metricBegin,
  metricOf,
  putLabel,
  putWord,
} from '../../../filter/assembly/features/labels';
import { compiled } from '../config/compile';
import { hostMetric, hostMetrics } from '../host';
import { lay, read } from '../support';

function label(name: string, value: string): void {
  const slice = lay(value);
  putLabel(name, slice.ptr, slice.size);
}

function begin(id: string): void {
  const slice = lay(id);
  metricBegin('n', slice.ptr, slice.size, 'any');
}

function shown(): string {
  return read(textPtr(), textSize());
}

describe('labels', () => {
  it('leads with policy and direction', () => {
    begin('shop/checkout/0');
    expect(shown()).toBe('n.policy=.=shop/checkout/0;.;direction=.=any;.;');
    label('value', 'a b é');
    putWord('mode', 'enforce');
    expect(shown()).toBe(
      'n.policy=.=shop/checkout/0;.;direction=.=any;.;value=.=a b é;.;mode=.=enforce;.;',
    );
  });

  it('takes policy and direction from a configuration', () => {
    metricOf('n', compiled('{"id":"a","direction":"gateway"}'));
    expect(shown()).toBe('n.policy=.=a;.;direction=.=gateway;.;');
    metricOf('n', compiled('{"id":"a","direction":"inbound"}'));
    expect(shown()).toBe('n.policy=.=a;.;direction=.=inbound;.;');
    metricOf('n', compiled('{"id":"a","direction":"outbound"}'));
    expect(shown()).toBe('n.policy=.=a;.;direction=.=outbound;.;');
  });

  it('defines what was put together', () => {
    begin('c');
    expect(counter()).not.toBe(0);
    expect(hostMetric('n.policy=.=c;.;direction=.=any;.;')).toBe(0);
    begin('g');
    expect(gauge()).not.toBe(0);
    expect(hostMetric('n.policy=.=g;.;direction=.=any;.;')).toBe(0);
  });

  it('defines nothing of which a part did not fit', () => {
    const before = hostMetrics();
    begin('a'.repeat(256));
    for (let i = 0; i < 6; i++) label('l', 'b'.repeat(256));
    expect(counter()).not.toBe(0);
    label('l', 'b'.repeat(256));
    expect(counter()).toBe(0);
    expect(gauge()).toBe(0);
    expect(hostMetrics()).toBe(before + 1);
  });
});
