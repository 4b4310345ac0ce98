import { describe, expect, it } from 'vitest';
import { errorCatalogue, errorCodes } from '../../../control-plane/src/contract/errors.ts';
import {
  ApiError,
  diagnosticsText,
  failureFromAuth,
  failureFromNetwork,
  failureFromProblem,
  toFailure,
} from './errors.ts';

const problem = {
  type: 'https://app.example/docs/errors#slug_taken',
  title: 'The address is taken',
  status: 409,
  code: 'slug_taken',
  detail: 'The address nora is taken.',
  next: 'Choose another address.',
  requestId: 'req_1',
};

describe('a described problem', () => {
  it('keeps what happened, what is next, the code and the request id', () => {
    expect(failureFromProblem(409, problem)).toMatchObject({
      status: 409,
      code: 'slug_taken',
      title: 'The address is taken',
      detail: 'The address nora is taken.',
      next: 'Choose another address.',
      requestId: 'req_1',
      retryable: false,
      fields: [],
    });
  });

  it.each(errorCodes)('takes from the catalogue whether %s may be tried again', (code) => {
    const failure = failureFromProblem(errorCatalogue[code].status, { ...problem, code });
    expect(failure.retryable).toBe(errorCatalogue[code].retryable);
  });

  it('lists the fields that are wrong', () => {
    const errors = [{ pointer: '/name', detail: 'A name has 1 to 60 characters.' }];
    expect(failureFromProblem(422, { ...problem, code: 'validation_failed', errors }).fields).toEqual(errors);
  });

  it('reads a plain Retry-After and nothing else', () => {
    expect(failureFromProblem(429, problem, { retryAfter: '12' }).retryAfterSeconds).toBe(12);
    expect(
      failureFromProblem(429, problem, { retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' }).retryAfterSeconds,
    ).toBeUndefined();
  });
});

describe('an answer that makes no sense', () => {
  it.each([undefined, null, 'Bad gateway', {}, { code: 7 }, { ...problem, detail: 'x'.repeat(5000) }])(
    'becomes a failure with the status, for body %#',
    (body) => {
      const failure = failureFromProblem(502, body, { requestId: 'req_2' });
      expect(failure).toMatchObject({ status: 502, code: 'unexpected_answer', requestId: 'req_2', retryable: true });
      expect(failure.detail).toContain('502');
    },
  );

  it('is not worth trying again when the request was at fault', () => {
    expect(failureFromProblem(400, undefined).retryable).toBe(false);
  });
});

describe('sign-in failures', () => {
  it('say what to do in our words for the codes we know', () => {
    const failure = failureFromAuth(401, { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' });
    expect(failure.code).toBe('invalid_email_or_password');
    expect(failure.next).toBe('Check both, or set a new password.');
  });

  it('say how long to wait', () => {
    expect(failureFromAuth(429, {}, { retryAfter: '30' }).detail).toContain('30 s');
  });

  it('show the library’s sentence for a code that is new to us', () => {
    expect(failureFromAuth(400, { code: 'SOMETHING_NEW', message: 'Something new.' }).detail).toBe('Something new.');
  });

  it('hide the library’s sentence when the fault is on our side', () => {
    expect(failureFromAuth(500, { code: 'FAILED_TO_CREATE_USER', message: 'SQLITE_BUSY' }).detail).not.toContain(
      'SQLITE',
    );
  });

  it('understand problem details too', () => {
    expect(failureFromAuth(409, problem).code).toBe('slug_taken');
  });
});

describe('any thrown value', () => {
  it('is a failure; a bug in the page tells nothing of its insides', () => {
    expect(toFailure(new ApiError(failureFromNetwork(false))).code).toBe('network_unreachable');
    const bug = toFailure(new TypeError('undefined is not a function'));
    expect(bug.code).toBe('page_failed');
    expect(bug.detail).not.toContain('undefined');
  });

  it('becomes text for support', () => {
    const text = diagnosticsText(failureFromProblem(409, problem), '/new', '2026-11-21T12:00:00.000Z');
    expect(text.split('\n')).toEqual([
      'code: slug_taken',
      'what: The address is taken. The address nora is taken.',
      'status: 409',
      'request: req_1',
      'page: /new',
      'time: 2026-11-21T12:00:00.000Z',
    ]);
  });
});
