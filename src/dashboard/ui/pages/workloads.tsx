/** Every workload of the mesh: how it fares, whether its proxies are up to date, how it is reached. */

import type { WorkloadView } from '../../views/types.ts';
import { Badge } from '../components/badge.tsx';
import { ObjectLink } from '../components/link.tsx';
import { MutualTls } from '../components/mutual-tls.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { type Column, Table } from '../components/table.tsx';
import { trafficColumns } from '../components/traffic.tsx';
import { useList } from '../state/use-list.ts';

const columns: readonly Column<WorkloadView>[] = [
  {
    id: 'name',
    head: 'Workload',
    cell: (workload) => <ObjectLink object={workload} />,
    sort: ({ namespace, name }) => `${namespace}/${name}`,
  },
  {
    id: 'pods',
    head: 'Pods ready',
    numeric: true,
    cell: ({ pods }) => `${pods.ready}/${pods.total}`,
    sort: ({ pods }) => pods.total,
  },
  {
    id: 'sync',
    head: 'Proxies',
    cell: ({ pods }) => <SyncBadge {...pods} />,
    sort: ({ pods }) => pods.total - pods.inSync,
  },
  {
    id: 'mtls',
    head: 'Mutual TLS',
    cell: ({ mtls }) => <MutualTls mode={mtls.mode} />,
    sort: ({ mtls }) => mtls.mode,
  },
  ...trafficColumns<WorkloadView>(),
];

export function SyncBadge({ total, connected, inSync }: WorkloadView['pods']) {
  if (total === 0) return <Badge tone="plain">no pods</Badge>;
  if (connected < total) return <Badge tone="warn">{total - connected} not connected</Badge>;
  return inSync < total ? (
    <Badge tone="warn">{total - inSync} behind</Badge>
  ) : (
    <Badge tone="good">in sync</Badge>
  );
}

export function WorkloadsPage() {
  const data = useList<WorkloadView>('workloads');
  return (
    <Page title="Workloads" about="What runs in the mesh. Traffic is what each received in the last minute.">
      <Loaded data={data}>
        {({ items }) => (
          <Table
            caption="Workloads"
            columns={columns}
            rows={items}
            keyOf={({ namespace, kind, name }) => `${namespace}/${kind}/${name}`}
            textOf={({ namespace, kind, name, versions }) =>
              `${namespace}/${name} ${kind} ${versions.join(' ')}`
            }
            empty="No workload of the mesh is here. Label a namespace with weft.dev/inject=enabled and restart its pods."
          />
        )}
      </Loaded>
    </Page>
  );
}
