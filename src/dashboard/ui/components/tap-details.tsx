/** Everything that is known about one live request. */

import type { TapEvent, TrafficEnd } from '../../../telemetry/model.ts';
import { formatBytes, formatMillis } from '../format/numbers.ts';
import { endOf } from '../state/end-name.ts';
import { titleOf } from '../state/tap-buffer.ts';
import { Facts } from './facts.tsx';
import { ObjectLink } from './link.tsx';

function End({ end, identity }: { readonly end: TrafficEnd; readonly identity: string }) {
  const object = endOf(`${end.namespace}/${end.name}`);
  return (
    <>
      {object === undefined ? end.name || 'unknown' : <ObjectLink object={object} />} {end.version}
      <p class="small">{identity === '' ? 'no identity: not mutual TLS' : <code>{identity}</code>}</p>
    </>
  );
}

export function TapDetails({ event }: { readonly event: TapEvent }) {
  return (
    <>
      <Facts
        facts={[
          ['At', event.at],
          ['Seen by', `${event.pod}, as ${event.side}`],
          ['From', <End end={event.source} identity={event.sourceIdentity} />],
          ['To', <End end={event.destination} identity={event.destinationIdentity} />],
          ['Service', event.service || 'none'],
          ['Route', event.route || 'none'],
          [
            'Request',
            <code>
              {event.method === '' ? titleOf(event) : `${event.method} ${event.authority}${event.path}`}
            </code>,
          ],
          [
            'Status',
            event.grpcStatus === undefined
              ? String(event.status)
              : `${event.status}, gRPC ${event.grpcStatus}`,
          ],
          ['Reasons', event.flags.length === 0 ? 'none' : event.flags.join('; ')],
          ['Took', `${formatMillis(event.durationMs)}, upstream ${formatMillis(event.upstreamMs)}`],
          ['Attempts', String(event.attempts)],
          ['Bytes', `${formatBytes(event.bytesReceived)} received, ${formatBytes(event.bytesSent)} sent`],
          ['Request id', <code>{event.requestId}</code>],
          ['Trace', event.traceId === '' ? 'none' : <code>{event.traceId}</code>],
        ]}
      />
      <Headers title="Request headers" headers={event.requestHeaders} />
      <Headers title="Response headers" headers={event.responseHeaders} />
      <Body title="Request body" body={event.requestBody} />
      <Body title="Response body" body={event.responseBody} />
    </>
  );
}

function Headers({
  title,
  headers,
}: {
  readonly title: string;
  readonly headers: TapEvent['requestHeaders'];
}) {
  if (headers === undefined) return undefined;
  return (
    <>
      <h3>{title}</h3>
      <Facts facts={Object.entries(headers).map(([name, value]) => [name, <code>{value}</code>])} />
    </>
  );
}

function Body({ title, body }: { readonly title: string; readonly body: string | undefined }) {
  if (body === undefined) return undefined;
  return (
    <>
      <h3>{title}</h3>
      <pre tabIndex={0}>{body}</pre>
    </>
  );
}
