import { Limit, Verdict } from '../../../../filter/assembly/config/layout';
import {
  answerAdmitted,
  answerRejected,
} from '../../../../filter/assembly/features/limiting/answer';
import {
  responseBegin,
  responseInit,
  responseWrite,
  WAITING_SIZE_LIMITS,
} from '../../../../filter/assembly/features/response';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../../filter/assembly/shim/arena';
import { hostRefuse, hostReply, hostReset, hostWrites } from '../../host';
import { bucketFor, limited, SECOND } from './limited';

const NOW: u64 = 2000 * SECOND;

/** A limit that has `free` tokens, is full after `full` units, and lets one in after `wait`. */
function state(limit: Limit, free: u32, full: u64, wait: u64): Limit {
  const bucket = bucketFor(limit, 0, NOW);
  bucket.word = NOW + full;
  limit.bucket = changetype<usize>(bucket);
  limit.free = free;
  limit.wait = wait;
  return limit;
}

/** The headers of the reply that was sent last: `name value` by turns, divided by blanks. */
function sentHeaders(): string {
  const reply = hostReply();
  const start = reply.lastIndexOf('[') + 1;
  const bytes = reply.substring(start, reply.lastIndexOf(']')).split(' ');
  const list = heap.alloc(bytes.length);
  for (let i = 0; i < bytes.length; i++) store<u8>(list + i, U8.parseInt(bytes[i]));
  const count = load<u32>(list);
  let at = list + 4 + 8 * count;
  let shown = '';
  for (let i: u32 = 0; i < count; i++) {
    for (let part: u32 = 0; part < 2; part++) {
      const size = load<u32>(list + 4 + 8 * i + 4 * part);
      shown += String.UTF8.decodeUnsafe(at, size) + (part == 0 ? ': ' : '\n');
      at += size + 1;
    }
  }
  return shown;
}

describe('answer', () => {
  beforeEach(() => {
    hostReset();
    arenaReset();
  });

  it('says to a rejected request when to come back, in seconds rounded up', () => {
    const limit = limited('"rate":"10/s","burst":20');
    state(limit, 0, 2 * SECOND, SECOND / 10);
    expect(answerRejected(limit, NOW, 0)).toBe(true);
    const name = String.UTF8.decodeUnsafe(limit.namePtr, limit.nameSize);
    expect(sentHeaders()).toBe(
      'retry-after: 1\nratelimit: "' +
        name +
        '";r=0;t=2\nratelimit-policy: "' +
        name +
        '";q=20;w=2\nx-ratelimit-limit: 20\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 2\n',
    );
    state(limit, 0, 2 * SECOND, 3 * SECOND + 1);
    answerRejected(limit, NOW, 0);
    expect(sentHeaders().startsWith('retry-after: 4\n')).toBe(true);
  });

  it('has the status, the body and the headers of the policy', () => {
    const limit = limited(
      '"rate":"1/s","reject":{"status":503,"body":"slow","headers":{"x-a":"1","x-b":"2"}}',
    );
    answerRejected(state(limit, 0, SECOND, SECOND), NOW, 0);
    expect(hostReply().startsWith('503 tagalong_rate_limited [slow] [')).toBe(true);
    expect(hostReply().endsWith('] 8')).toBe(true);
    expect(sentHeaders().endsWith('x-a: 1\nx-b: 2\n')).toBe(true);
  });

  it('spreads those that come back over the jitter', () => {
    const limit = limited('"rate":"1/s","reply":{"jitter":"9s"}');
    const seen: string[] = [];
    for (let chance: u64 = 0; chance < 100; chance++) {
      answerRejected(state(limit, 0, SECOND, SECOND), NOW, chance * 7);
      const first = sentHeaders().split('\n')[0];
      if (!seen.includes(first)) seen.push(first);
    }
    expect(seen.length).toBe(10);
    expect(seen.includes('retry-after: 1')).toBe(true);
    expect(seen.includes('retry-after: 10')).toBe(true);
  });

  it('is none where the host refuses it, or there is no memory for it', () => {
    const limit = state(limited('"rate":"1/s"'), 0, SECOND, SECOND);
    hostRefuse('proxy_send_local_response', 10);
    expect(answerRejected(limit, NOW, 0)).toBe(false);
    hostRefuse('proxy_send_local_response', 0);
    arenaReset();
    arenaTake(ARENA_SIZE);
    expect(answerRejected(limit, NOW, 0)).toBe(false);
    arenaReset();
    expect(answerRejected(limit, NOW, 0)).toBe(true);
  });

  it('leaves for an admitted response what is left', () => {
    responseInit(WAITING_SIZE_LIMITS);
    const limit = state(limited('"rate":"10/s","burst":20'), 7, SECOND + 1, 0);
    responseBegin(5);
    expect(answerAdmitted(limit, NOW, 5)).toBe(true);
    hostWrites();
    responseWrite(5);
    const writes = hostWrites();
    expect(writes.includes('x-ratelimit-limit=20')).toBe(true);
    expect(writes.includes('x-ratelimit-remaining=7')).toBe(true);
    expect(writes.includes('x-ratelimit-reset=2')).toBe(true);
    expect(writes.includes('retry-after')).toBe(false);
  });

  it('fits with the longest numbers and the longest name', () => {
    responseInit(WAITING_SIZE_LIMITS);
    const limit = limited('"rate":"1/h","burst":1000000000');
    limit.nameSize = 64;
    limit.namePtr = heap.alloc(64);
    memory.fill(limit.namePtr, 0x61, 64);
    state(limit, 1_000_000_000, u64.MAX_VALUE - NOW, u64.MAX_VALUE);
    responseBegin(6);
    expect(answerAdmitted(limit, NOW, 6)).toBe(true);
    expect(answerRejected(limit, NOW, u64.MAX_VALUE)).toBe(true);
    expect(limit.verdict).toBe(<u8>Verdict.Unmatched);
  });
});
