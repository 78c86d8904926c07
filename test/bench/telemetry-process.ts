/** Child process: a thousand proxies that only report, each over a connection of its own. What it is told is in telemetry-fleet.ts. */

import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { metricsMethod } from '../../src/telemetry/intake.ts';
import type { ReportingCommand, ReportingReply, ReportingSetup } from './telemetry-fleet.ts';

interface Reporting {
  readonly session: ClientHttp2Session;
  /** With gRPC's prefix. */
  readonly messages: readonly Buffer[];
}

let fleet: readonly Reporting[] = [];
let answered = 0;
let refused = 0;

async function connectAll({ ca, serverName, proxies }: ReportingSetup, port: number): Promise<void> {
  const made: Reporting[] = [];
  for (const { key, chain, messages } of proxies) {
    const session = connect(`https://127.0.0.1:${port}`, { ca, key, cert: chain, servername: serverName });
    session.on('error', (error) => {
      throw error;
    });
    await once(session, 'connect');
    made.push({ session, messages: messages.map((text) => framed(Buffer.from(text, 'base64'))) });
  }
  fleet = made;
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Every proxy reports at its own time within the interval, as long as the process lives. */
function reportAll(intervalMs: number): void {
  for (const [index, { session, messages }] of fleet.entries()) {
    let round = 0;
    const reportOnce = (): void => {
      const message = messages[round++ % messages.length];
      if (message !== undefined) send(session, message);
    };
    setTimeout(
      () => {
        reportOnce();
        setInterval(reportOnce, intervalMs);
      },
      (index * intervalMs) / fleet.length,
    );
  }
}

function send(session: ClientHttp2Session, message: Buffer): void {
  const stream = session.request({
    ':method': 'POST',
    ':path': metricsMethod,
    'content-type': 'application/grpc',
  });
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  stream.on('trailers', (fields) => {
    // An answer without a word is one without a partial success.
    if (fields['grpc-status'] === '0' && bytes === 5) answered += 1;
    else refused += 1;
  });
  stream.on('response', (fields) => {
    if (fields['grpc-status'] !== undefined) refused += 1;
  });
  stream.end(message);
}

async function perform(command: ReportingCommand): Promise<ReportingReply> {
  switch (command.what) {
    case 'connect':
      await connectAll(command.setup, command.port);
      return {};
    case 'report':
      reportAll(command.intervalMs);
      return {};
    case 'count':
      return { answered, refused };
  }
}

process.on('message', (command: ReportingCommand) => {
  perform(command).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
