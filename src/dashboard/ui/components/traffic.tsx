/** The golden signals of an object as cells and as tiles, the same everywhere. */

import type { Traffic } from '../../views/types.ts';
import { formatBytes, formatMillis, formatRate, formatShare } from '../format/numbers.ts';
import { healthOf } from '../graph/scene.ts';
import type { Column } from './table.tsx';

export function Success({ rate }: { readonly rate: number | undefined }) {
  return <span class={`health-${healthOf(rate)}`}>{formatShare(rate)}</span>;
}

/** Columns for a table whose rows carry traffic. */
export function trafficColumns<T extends { readonly traffic: Traffic }>(): readonly Column<T>[] {
  return [
    {
      id: 'rate',
      head: 'Requests/s',
      numeric: true,
      cell: ({ traffic }) => formatRate(traffic.requestsPerSecond),
      sort: ({ traffic }) => traffic.requestsPerSecond,
    },
    {
      id: 'success',
      head: 'Success',
      numeric: true,
      cell: ({ traffic }) => <Success rate={traffic.successRate} />,
      sort: ({ traffic }) => traffic.successRate,
    },
    {
      id: 'p50',
      head: 'p50',
      numeric: true,
      cell: ({ traffic }) => formatMillis(traffic.p50Ms),
      sort: ({ traffic }) => traffic.p50Ms,
    },
    {
      id: 'p99',
      head: 'p99',
      numeric: true,
      cell: ({ traffic }) => formatMillis(traffic.p99Ms),
      sort: ({ traffic }) => traffic.p99Ms,
    },
  ];
}

export function TrafficTiles({ traffic }: { readonly traffic: Traffic }) {
  return (
    <dl class="tiles">
      <Tile name="Requests/s" value={formatRate(traffic.requestsPerSecond)} />
      <Tile name="Success" value={formatShare(traffic.successRate)} health={healthOf(traffic.successRate)} />
      <Tile name="p50" value={formatMillis(traffic.p50Ms)} />
      <Tile name="p99" value={formatMillis(traffic.p99Ms)} />
      <Tile name="TCP connections/s" value={formatRate(traffic.connectionsPerSecond)} />
      <Tile name="TCP bytes/s" value={formatBytes(traffic.bytesPerSecond)} />
      <Tile name="Mutual TLS" value={formatShare(traffic.mtlsShare)} />
    </dl>
  );
}

export interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly health?: 'good' | 'degraded' | 'bad' | 'unknown';
}

export function Tile({ name, value, note, health }: TileProps) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd class={health === undefined ? '' : `health-${health}`}>{value}</dd>
      {note === undefined ? undefined : <dd class="tile-note">{note}</dd>}
    </div>
  );
}
