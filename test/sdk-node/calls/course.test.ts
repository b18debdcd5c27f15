// The course of a call where no server is needed to see it: what happens while it waits.

import { describe, expect, it } from 'vitest';
import { Course, type Ending } from '../../../sdk-node/src/call/course.js';
import { policyOf } from '../../../sdk-node/src/call/options.js';
import { waysOf } from '../../../sdk-node/src/call/way.js';
import type { Hop } from '../../../sdk-node/src/core/hop.js';

const TARGET = { authority: 'a.test', host: 'a.test', port: 80, secure: false };
const SIDECAR: Hop = { via: 'sidecar' };
const DIRECT: Hop = { via: 'direct', address: '192.0.2.1:80', plaintext: true };
const MAYBE: Ending = { kind: 'maybe', error: new Error('reset') };
const BUSY: Ending = { kind: 'answered', answer: 503, again: true };
const REFUSED: Ending = { kind: 'unconnected', error: new Error('refused') };

function courseOf(hops: readonly Hop[], draining: () => boolean): Course {
  const policy = policyOf({ retry: { budget: { floorPerSecond: 1_000 } } });
  const always = () => true;
  const ways = waysOf(hops, TARGET);
  const rules = { idempotent: always, replayable: always, draining, random: () => 0.5 };
  return new Course({ policy, target: TARGET, ways, ...rules }, 0);
}

describe('a drain that begins while a call waits', () => {
  it.each([
    ['a reset', MAYBE],
    ['an answer', BUSY],
  ])('keeps it from the sidecar after %s', (_, ending) => {
    let draining = false;
    const course = courseOf([SIDECAR], () => draining);
    expect(course.begin(0).kind).toBe('go');
    expect(course.ended(ending, 1).kind).toBe('wait');
    draining = true;
    expect(course.resume(20)).toMatchObject({
      kind: 'fail',
      error: { code: 'TAGALONG_MAYBE_PROCESSED', sent: 'maybe' },
    });
  });

  it('lets it go past the sidecar', () => {
    let draining = false;
    const course = courseOf([SIDECAR, DIRECT], () => draining);
    course.begin(0);
    expect(course.ended(MAYBE, 1).kind).toBe('wait');
    draining = true;
    expect(course.resume(20)).toMatchObject({ kind: 'go', way: { via: 'direct' } });
  });

  it('is no matter of a first try', () => {
    expect(courseOf([SIDECAR], () => true).begin(0)).toMatchObject({ kind: 'go' });
  });
});

describe('what may have arrived', () => {
  it('is told of an answer that was not handed on', () => {
    const course = courseOf([SIDECAR], () => false);
    course.begin(0);
    course.ended(BUSY, 1);
    course.resume(20);
    course.ended(REFUSED, 21);
    course.resume(80);
    expect(course.ended(REFUSED, 81)).toMatchObject({ kind: 'fail', error: { sent: 'maybe' } });
  });

  it('is nothing where each connection failed', () => {
    const course = courseOf([SIDECAR], () => false);
    course.begin(0);
    course.ended(REFUSED, 1);
    course.resume(20);
    course.ended(REFUSED, 21);
    course.resume(80);
    expect(course.ended(REFUSED, 81)).toMatchObject({ kind: 'fail', error: { sent: 'no' } });
  });
});
