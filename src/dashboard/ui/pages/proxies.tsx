/** Every proxy: connected or not, what it holds, what it has acknowledged. */

import type { ProxyView } from '../../views/types.ts';
import { Loaded, Page } from '../components/page.tsx';
import { proxyColumns } from '../components/pod-table.tsx';
import { Table } from '../components/table.tsx';
import { useList } from '../state/use-list.ts';

export function ProxiesPage() {
  const data = useList<ProxyView>('proxies');
  return (
    <Page title="Proxies" about="One for each pod of the mesh: what it holds and what it has acknowledged.">
      <Loaded data={data}>
        {({ items }) => (
          <Table
            caption="Proxies"
            columns={proxyColumns}
            rows={items}
            keyOf={({ namespace, pod }) => `${namespace}/${pod}`}
            textOf={({ namespace, pod, workload, identity }) =>
              `${namespace}/${pod} ${workload.name} ${identity}`
            }
            empty="No pod of the mesh is here."
          />
        )}
      </Loaded>
    </Page>
  );
}
