/**
 * Takes the logs of proxies (Envoy's gRPC access log). Who logs is the pod of the connection: its certificate or token
 * must be that of the pod which the node in the first message names, so that no proxy can speak for another.
 */

import { WeftError } from '../base/errors.ts';
import type { Side } from '../base/signals.ts';
import { tapLogNames } from '../base/tap.ts';
import { telemetryError } from './errors.ts';
import { tapEntries } from './metrics.ts';
import { MalformedMessage } from './protobuf.ts';
import type { ReportingPeer } from './reporter.ts';
import { readLogMessage } from './tap-entry.ts';
import { tapEvent, type TapNames, type TapReporter, tcpConnected } from './tap-event.ts';
import type { TapHub } from './tap-hub.ts';

export interface TapIntakeOptions {
  readonly hub: TapHub;
  readonly names: TapNames;
  /** The pod that a connection may speak for; rejects with a WeftError where it is not the one that the node names. */
  readonly identify: (
    peer: ReportingPeer,
    nodeId: string,
  ) => Promise<{ readonly key: string; readonly identity: string }>;
}

/** What the server of the connection hands the messages to. */
export interface LogSink {
  take(message: Buffer): Promise<void>;
  closed(): void;
}

export function tapIntake(options: TapIntakeOptions): (peer: ReportingPeer) => LogSink {
  return (peer) => {
    let reporter: TapReporter | undefined;
    return {
      take: async (bytes) => {
        try {
          const message = read(bytes);
          reporter ??= await begin(options, peer, message.nodeId, message.logName);
          const own = reporter;
          for (const entry of message.entries) {
            if (entry.kind === 'tcp' && entry.logType === tcpConnected) continue;
            options.hub.take(own.pod, () => tapEvent(entry, own, options.names));
          }
          tapEntries.inc({ result: 'taken' }, message.entries.length);
        } catch (error) {
          tapEntries.inc({ result: error instanceof WeftError ? error.code : 'failed' });
          throw error;
        }
      },
      closed: () => {
        reporter = undefined;
      },
    };
  };
}

function read(bytes: Buffer): ReturnType<typeof readLogMessage> {
  try {
    return readLogMessage(bytes);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw telemetryError('WEFT-TEL-01', `A log of live requests: ${error.message}.`, { cause: error });
  }
}

async function begin(
  { identify }: TapIntakeOptions,
  peer: ReportingPeer,
  nodeId: string,
  logName: string,
): Promise<TapReporter> {
  const side = (Object.keys(tapLogNames) as Side[]).find((one) => tapLogNames[one] === logName);
  if (side === undefined) {
    throw telemetryError('WEFT-TEL-01', `There is no log ${JSON.stringify(logName.slice(0, 100))}.`);
  }
  const { key, identity } = await identify(peer, nodeId);
  return { pod: key, identity, side };
}
