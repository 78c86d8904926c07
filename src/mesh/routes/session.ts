/** Session persistence (GEP-1619), of rules and of policies. */

import { hash } from 'node:crypto';
import type { RouteSessionPersistence } from '../kubernetes.ts';
import type { SessionPersistence } from '../model.ts';
import { readDurationMs } from './duration.ts';
import { RouteProblem } from './problem.ts';
import { checkToken } from './values.ts';

/** `identity` tells what the session is of from all others of the cluster: sessions must not be shared. */
export function readSession(
  persistence: RouteSessionPersistence,
  identity: string,
  field: string,
): SessionPersistence {
  const { type = 'Cookie', sessionName, absoluteTimeout, cookieConfig } = persistence;
  const { lifetimeType: cookieLifetime = 'Session' } = cookieConfig ?? {};
  if (type !== 'Cookie' && type !== 'Header') {
    throw new RouteProblem(`${field}.type`, `${type} is not supported`);
  }
  if (cookieLifetime !== 'Session' && cookieLifetime !== 'Permanent') {
    throw new RouteProblem(`${field}.cookieConfig.lifetimeType`, `${cookieLifetime} is not supported`);
  }
  if (cookieLifetime === 'Permanent' && absoluteTimeout === undefined) {
    throw new RouteProblem(`${field}.absoluteTimeout`, 'is missing, which a permanent cookie needs');
  }
  if (sessionName !== undefined) checkToken(sessionName, `${field}.sessionName`);
  const id = hash('sha256', identity, 'hex').slice(0, 12);
  const name = sessionName ?? `weft-session-${id}`;
  return {
    type,
    name: type === 'Header' ? name.toLowerCase() : name,
    id,
    cookieLifetime,
    ...(absoluteTimeout === undefined
      ? {}
      : { absoluteTimeoutMs: readDurationMs(absoluteTimeout, `${field}.absoluteTimeout`) }),
  };
}
