/** Every Service of the cluster that the mesh knows. */

import type { ServiceView } from '../../views/types.ts';
import { ObjectLink } from '../components/link.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { type Column, Table } from '../components/table.tsx';
import { trafficColumns } from '../components/traffic.tsx';
import { useList } from '../state/use-list.ts';

const endpointsOf = ({ ports }: ServiceView): number =>
  Math.max(0, ...ports.map(({ endpoints }) => endpoints));

const columns: readonly Column<ServiceView>[] = [
  {
    id: 'name',
    head: 'Service',
    cell: ({ namespace, name }) => <ObjectLink object={{ kind: 'Service', namespace, name }} plain />,
    sort: ({ namespace, name }) => `${namespace}/${name}`,
  },
  {
    id: 'ports',
    head: 'Ports',
    cell: ({ ports }) => ports.map(({ port, protocol }) => `${port} ${protocol}`).join(', '),
  },
  { id: 'endpoints', head: 'Endpoints', numeric: true, cell: endpointsOf, sort: endpointsOf },
  {
    id: 'routes',
    head: 'Routes',
    numeric: true,
    cell: ({ routes }) => routes.length,
    sort: ({ routes }) => routes.length,
  },
  ...trafficColumns<ServiceView>(),
];

export function ServicesPage() {
  const data = useList<ServiceView>('services');
  return (
    <Page title="Services" about="What workloads call. Traffic is that of the last minute.">
      <Loaded data={data}>
        {({ items }) => (
          <Table
            caption="Services"
            columns={columns}
            rows={items}
            keyOf={({ namespace, name }) => `${namespace}/${name}`}
            textOf={({ namespace, name, addresses }) => `${namespace}/${name} ${addresses.join(' ')}`}
            empty="There is no Service here."
          />
        )}
      </Loaded>
    </Page>
  );
}
