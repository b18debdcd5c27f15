import { describe, expect, it } from 'vitest';
import { TagalongError } from '../../sdk-node/src/index.js';

describe('an error of ours', () => {
  it('says what it is by its code, and that nothing was sent unless told', () => {
    const error = new TagalongError('TAGALONG_DEADLINE', 'over');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'TagalongError',
      code: 'TAGALONG_DEADLINE',
      message: 'over',
      sent: 'no',
      attempts: [],
    });
    expect('cause' in error).toBe(false);
    expect(String(error)).toBe('TagalongError: over');
    expect(error.stack).toContain('errors.test');
  });

  it('keeps its cause, whatever that is, and its attempts in order', () => {
    const attempts = [
      { via: 'sidecar', ms: 1, outcome: 'ECONNREFUSED' },
      { via: 'direct', ms: 2, outcome: 503 },
    ] as const;
    const cause = new Error('below');
    const error = new TagalongError('TAGALONG_NO_ROUTE', 'none', {
      cause,
      sent: 'maybe',
      attempts,
    });
    expect(error.cause).toBe(cause);
    expect(error.sent).toBe('maybe');
    expect(error.attempts).toEqual(attempts);
    const odd = new TagalongError('TAGALONG_CONFIG', 'x', { cause: undefined });
    expect('cause' in odd).toBe(true);
  });
});
