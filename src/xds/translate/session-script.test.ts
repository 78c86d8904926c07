import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SessionScript, sessionScript } from './session-script.ts';

const session: SessionScript = { type: 'Cookie', name: 'cart', id: 'a1', maxAgeSeconds: 90 };

test('the script knows the name, what tells the session from others, and its age', () => {
  assert.match(sessionScript(session), /local name, id, max_age = "cart", "a1", 90/);
});

test('signs in a name are told by their numbers, so that none of them ends the string', () => {
  const script = sessionScript({ ...session, name: `a"b'\\\n` });
  assert.match(script, /local name, id, max_age = "a\\034b\\039\\092\\010", "a1", 90/);
});

test('only the script for cookies takes cookies apart', () => {
  assert.match(sessionScript(session), /set-cookie/);
  assert.doesNotMatch(sessionScript({ ...session, type: 'Header' }), /cookie/);
});
