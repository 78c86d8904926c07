/** Live requests, the newest first. */

import type { TapEvent } from '../../../telemetry/model.ts';
import { formatMillis, formatTime, unknown } from '../format/numbers.ts';
import { type TappedEvent, titleOf } from '../state/tap-buffer.ts';

export interface TapTableProps {
  readonly events: readonly TappedEvent[];
  readonly chosen: number | undefined;
  readonly onChoose: (event: TappedEvent) => void;
}

const shortName = (name: string): string => name.slice(name.indexOf('/') + 1) || 'unknown';

function StatusCell({ event: { method, status } }: { readonly event: TapEvent }) {
  // A connection has no status; a request without one was never answered.
  if (method === '') return <td class="numeric muted">{unknown}</td>;
  const health = status === 0 || status >= 500 ? 'bad' : status >= 400 ? 'degraded' : 'good';
  return <td class={`numeric health-${health}`}>{status === 0 ? 'none' : status}</td>;
}

export function TapTable({ events, chosen, onChoose }: TapTableProps) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Live requests">
      <table class="tap-table">
        <caption class="visually-hidden">Live requests</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Request</th>
            <th scope="col" class="numeric">
              Status
            </th>
            <th scope="col" class="numeric">
              Took
            </th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Reasons</th>
          </tr>
        </thead>
        <tbody>
          {events.map((tapped) => {
            const { number, event } = tapped;
            return (
              <tr key={number} class={number === chosen ? 'chosen' : ''}>
                <td class="nowrap">{formatTime(event.at)}</td>
                <td>
                  <button
                    type="button"
                    class="row-button"
                    aria-expanded={number === chosen}
                    onClick={() => onChoose(tapped)}
                  >
                    {titleOf(event)}
                  </button>
                </td>
                <StatusCell event={event} />
                <td class="numeric">{formatMillis(event.durationMs)}</td>
                <td>{shortName(event.source.name)}</td>
                <td>{shortName(event.destination.name)}</td>
                <td>{event.flags.join('; ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
