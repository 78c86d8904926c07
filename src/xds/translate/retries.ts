/** When a request is tried again: always where that is safe, and where its rule says so. */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteRule } from '../../mesh/model.ts';
import type { RetryPolicySchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import { PreviousHostsPredicateSchema } from '../proto/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { duration, extension } from './encode.ts';
import { notSentHeader } from './names.ts';

type RetryPolicy = Exclude<MessageInitShape<typeof RetryPolicySchema>, { $typeName: string }>;

const safeReasons = 'connect-failure,refused-stream,reset-before-request,retriable-headers';

/**
 * Retries that can never repeat a request the application has seen: the connection failed, the server's HTTP/2
 * refused the stream, the connection was gone before the request was written, or the other side's proxy says
 * that its application did not accept a connection. They make rolling restarts lossless and hide a pod whose
 * application has just died; whatever else may be retried is for a rule to say. Another endpoint is preferred.
 * A route without a policy of its own has that of its virtual host.
 */
export const safeRetries: RetryPolicy = {
  retryOn: safeReasons,
  retriableHeaders: [{ name: notSentHeader, headerMatchSpecifier: { case: 'presentMatch', value: true } }],
  numRetries: 2,
  retryHostPredicate: [
    extension('envoy.retry_host_predicates.previous_hosts', PreviousHostsPredicateSchema, {}),
  ],
  // An endpoint that fails at once looks idle and is chosen again and again: of two, five draws were too few.
  hostSelectionRetryMaxAttempts: 20n,
  retryBackOff: { baseInterval: duration(10), maxInterval: duration(100) },
};

/** How many times the first pause the longest may be. */
const backoffGrowth = 10;
/** Ten times the longest pause that can be written is more than Envoy can count. */
const aDayMs = 86_400_000;

/**
 * Undefined where the virtual host's is right. A rule with retries (GEP-1731) has these reasons too: the codes it names,
 * and that no answer came, because the connection was reset or the time for one try was over. Its attempts are all
 * there are, also for what is safe. Envoy draws each pause between nothing and the interval.
 */
export function retryPolicy({ retry, backendTimeoutMs }: RouteRule): RetryPolicy | undefined {
  const perTry = backendTimeoutMs === undefined ? {} : { perTryTimeout: duration(backendTimeoutMs) };
  if (retry === undefined) return backendTimeoutMs === undefined ? undefined : { ...safeRetries, ...perTry };
  const { attempts, codes, backoffMs } = retry;
  return {
    ...safeRetries,
    retryOn: `${safeReasons},reset${codes.length === 0 ? '' : ',retriable-status-codes'}`,
    retriableStatusCodes: [...codes],
    numRetries: attempts,
    ...(backoffMs === undefined ? {} : { retryBackOff: backOff(backoffMs) }),
    ...perTry,
  };
}

/** Envoy knows no pause of nothing. */
function backOff(baseMs: number): NonNullable<RetryPolicy['retryBackOff']> {
  const base = Math.max(1, baseMs);
  const longest = Math.max(base, Math.min(base * backoffGrowth, aDayMs));
  return { baseInterval: duration(base), maxInterval: duration(longest) };
}
