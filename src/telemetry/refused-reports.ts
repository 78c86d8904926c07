/** Whose reports are refused as a whole: counted, and told in the log once a minute for each sender and reason. */

import type { Clock } from '../base/clock.ts';
import { describeError, WeftError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import * as metrics from './metrics.ts';
import { RateLimitedLog } from '../base/rate-limited-log.ts';
import type { ReportingPeer } from './reporter.ts';
import type { TelemetryMethod } from './telemetry.ts';

/** The methods, each of which still rejects as it did. */
export function tellingRefusals(
  methods: ReadonlyMap<string, TelemetryMethod>,
  options: { readonly log: Logger; readonly clock: Clock },
): ReadonlyMap<string, TelemetryMethod> {
  const log = new RateLimitedLog(options.log, options.clock);
  const tell = (peer: ReportingPeer, error: unknown): void => {
    metrics.reports.inc({ result: 'refused' });
    const who = peer.kind === 'certificate' ? peer.uri : 'a token';
    const code = error instanceof WeftError ? error.code : '';
    log.warn(`${who} ${code}`, { peer: who, error: describeError(error) }, 'a report was refused');
  };
  const telling =
    (method: TelemetryMethod): TelemetryMethod =>
    async (peer, message) => {
      try {
        return await method(peer, message);
      } catch (error) {
        tell(peer, error);
        throw error;
      }
    };
  return new Map([...methods].map(([name, method]) => [name, telling(method)]));
}
