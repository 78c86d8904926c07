/** The edges of the graph as a table: everything the picture says, in words. */

import { formatBytes, formatMillis, formatRate, unknown } from '../format/numbers.ts';
import type { Scene, SceneEdge, SceneNode } from '../graph/scene.ts';
import { Badge } from './badge.tsx';
import { type Column, Table } from './table.tsx';
import { Success } from './traffic.tsx';

interface Row extends SceneEdge {
  readonly from: SceneNode;
  readonly to: SceneNode;
}

const nameOf = (node: SceneNode): string =>
  node.namespace === '' || node.kind === 'namespace' ? node.label : `${node.namespace}/${node.label}`;

export function MtlsBadge({ mtls }: { readonly mtls: SceneEdge['mtls'] }) {
  if (mtls === true) return <Badge tone="good">yes</Badge>;
  return <Badge tone="warn">{mtls === 'mixed' ? 'partly' : 'no'}</Badge>;
}

const columns: readonly Column<Row>[] = [
  { id: 'from', head: 'From', cell: ({ from }) => nameOf(from), sort: ({ from }) => nameOf(from) },
  { id: 'to', head: 'To', cell: ({ to }) => nameOf(to), sort: ({ to }) => nameOf(to) },
  { id: 'protocol', head: 'Protocol', cell: ({ protocols }) => protocols.join(', ') },
  {
    id: 'mtls',
    head: 'Mutual TLS',
    cell: ({ mtls }) => <MtlsBadge mtls={mtls} />,
    sort: ({ mtls }) => String(mtls),
  },
  {
    id: 'rate',
    head: 'Requests/s',
    numeric: true,
    cell: (row) => formatRate(row.requestsPerSecond),
    sort: (row) => row.requestsPerSecond,
  },
  {
    id: 'success',
    head: 'Success',
    numeric: true,
    cell: (row) => <Success rate={row.successRate} />,
    sort: (row) => row.successRate,
  },
  { id: 'p50', head: 'p50', numeric: true, cell: (row) => formatMillis(row.p50Ms), sort: (row) => row.p50Ms },
  { id: 'p99', head: 'p99', numeric: true, cell: (row) => formatMillis(row.p99Ms), sort: (row) => row.p99Ms },
  {
    id: 'connections',
    head: 'TCP connections/s',
    numeric: true,
    cell: (row) => (row.protocols.includes('tcp') ? formatRate(row.connectionsPerSecond) : unknown),
    sort: (row) => row.connectionsPerSecond,
  },
  {
    id: 'bytes',
    head: 'TCP bytes/s',
    numeric: true,
    cell: (row) => (row.protocols.includes('tcp') ? formatBytes(row.bytesPerSecond) : unknown),
    sort: (row) => row.bytesPerSecond,
  },
];

export function GraphTable({ scene }: { readonly scene: Scene }) {
  const nodes = new Map(scene.nodes.map((node) => [node.id, node]));
  const rows = scene.edges.flatMap((edge): Row[] => {
    const from = nodes.get(edge.source);
    const to = nodes.get(edge.target);
    return from === undefined || to === undefined ? [] : [{ ...edge, from, to }];
  });
  return (
    <Table
      id="edge"
      caption="Edges of the graph"
      columns={columns}
      rows={rows}
      keyOf={(row) => row.key}
      sortedBy="-rate"
      empty="No edge is left by these choices."
    />
  );
}
