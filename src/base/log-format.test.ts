import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from './log-format.ts';

for (const format of [
  '',
  'plain text',
  '100%%',
  '%START_TIME% %REQ(:METHOD)% %REQ(X-FORWARDED-FOR?:AUTHORITY)% %RESPONSE_CODE%',
  '%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%',
  '%REQ(USER-AGENT):64%',
  '%TRACE_ID%/%SPAN_ID%%%',
]) {
  test(`${JSON.stringify(format)} is a format`, () => {
    assert.equal(formatProblem(format), undefined);
  });
}

for (const [format, problem] of [
  ['50%', /begins no command/],
  ['%NO_SUCH%', /no command %NO_SUCH%/],
  ['%req(a)%', /begins no command/],
  ['%REQ%', /needs the name of a header/],
  ['%REQ()%', /needs the name of a header/],
  ['%REQ(a b)%', /needs the name of a header/],
  ['%REQ(a?b?c)%', /needs the name of a header/],
  ['%RESPONSE_CODE(1)%', /takes no argument/],
  ['%DURATION:3%', /takes no length/],
  ['%ENVIRONMENT(SECRET)%', /no command/],
  ['%START_TIME(%q)%', /odd format of time/],
  ['a\nb', /line breaks/],
] as const) {
  test(`${JSON.stringify(format)} is none, and why is said`, () => {
    assert.match(formatProblem(format) ?? '', problem);
  });
}
