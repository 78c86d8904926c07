/** One Service: its ports, what is behind it, which routes and policies touch it, who calls it. */

import type { ServicePortView, ServiceView } from '../../views/types.ts';
import { Facts } from '../components/facts.tsx';
import { Link } from '../components/link.tsx';
import { MissingItem } from '../components/missing-item.tsx';
import { Objects } from '../components/objects.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { Peers } from '../components/peers.tsx';
import { type Column, Table } from '../components/table.tsx';
import { TimeLines } from '../components/time-lines.tsx';
import { TrafficTiles } from '../components/traffic.tsx';
import { explainPath } from '../state/object-path.ts';
import { useItem } from '../state/use-list.ts';
import { useTimeLine } from '../state/use-time-line.ts';

const portColumns: readonly Column<ServicePortView>[] = [
  { id: 'port', head: 'Port', numeric: true, cell: ({ port }) => port },
  { id: 'name', head: 'Name', cell: ({ name }) => name },
  { id: 'protocol', head: 'Protocol', cell: ({ protocol }) => protocol },
  { id: 'endpoints', head: 'Endpoints', numeric: true, cell: ({ endpoints }) => endpoints },
  {
    id: 'meshed',
    head: 'With mutual TLS',
    numeric: true,
    cell: ({ meshed, endpoints }) => `${meshed} of ${endpoints}`,
  },
];

export function ServicePage({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const { data, item } = useItem<ServiceView>(
    'services',
    namespace,
    (service) => service.namespace === namespace && service.name === name,
  );
  const object = { kind: 'Service', namespace, name };
  return (
    <Page
      title={name}
      about={`Service in ${namespace}`}
      actions={
        <Link class="button" path={explainPath(object)}>
          Explain
        </Link>
      }
    >
      <Loaded data={data}>
        {() => (item === undefined ? <MissingItem kind="Service" name={name} /> : <Details service={item} />)}
      </Loaded>
    </Page>
  );
}

function Details({ service }: { readonly service: ServiceView }) {
  const { namespace, name } = service;
  const self = `${namespace}/${name}`;
  // Who calls by which Service is known where the call begins.
  const line = useTimeLine({ service: self, side: 'client' }, namespace);
  return (
    <>
      <TrafficTiles traffic={service.traffic} />
      <TimeLines line={line} />
      <Table
        id="port"
        caption="Ports"
        columns={portColumns}
        rows={service.ports}
        keyOf={({ port, protocol }) => `${port} ${protocol}`}
        empty="It has no ports."
      />
      <Facts
        facts={[
          ['Addresses', service.addresses.length === 0 ? 'headless' : service.addresses.join(', ')],
          ['Behind it', <Objects objects={service.workloads} none="no workload of the mesh" />],
          ['Routes', <Objects objects={service.routes} />],
          ['Policies', <Objects objects={service.policies} />],
        ]}
      />
      <Peers
        title="Who calls it"
        self={{ service: self, side: 'client' }}
        dimension="source"
        namespace={namespace}
      />
    </>
  );
}
