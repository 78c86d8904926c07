/** How controllers try again after a failure, where nothing else is said. */

import type { BackoffOptions } from '../base/backoff.ts';

/** Soon, since most failures pass at once, and never rarer than this: an outage must not be felt long after its end. */
export const retryBackoff: BackoffOptions = { initialMs: 20, maxMs: 30_000 };
