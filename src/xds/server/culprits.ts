/**
 * Which resources a NACK means. Envoy names clusters and listeners it rejects ("Error adding/updating
 * cluster(s) a: reason, b: reason"); of the other types it often says only what is wrong.
 */

import type { ResourceRecord } from './table.ts';

/** Characters that may be part of a resource's name; a name found inside a longer word is not that name. */
const nameCharacter = /[\w./@|[\]-]/;

/** The records whose names occur in the message; empty where it names none. */
export function culpritsOf(message: string, records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  return records.filter((record) => names(message, record.wireName));
}

function names(message: string, name: string): boolean {
  for (let at = message.indexOf(name); at !== -1; at = message.indexOf(name, at + 1)) {
    const before = message.charAt(at - 1);
    if (!nameCharacter.test(before) && before !== ':' && endsAt(message, at + name.length)) return true;
  }
  return false;
}

/** A colon ends a name only if what follows is not more of it, as in `10.0.0.1:80`. */
function endsAt(message: string, at: number): boolean {
  const next = message.charAt(at);
  if (next === '') return true;
  if (next === ':') return !nameCharacter.test(message.charAt(at + 1));
  return !nameCharacter.test(next);
}
