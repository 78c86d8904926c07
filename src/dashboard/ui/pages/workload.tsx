/** One workload: its golden signals, who calls it, what it calls, its pods, what it holds and why. */

import type { WorkloadView } from '../../views/types.ts';
import { ExplainLink } from '../components/explain-link.tsx';
import { Facts } from '../components/facts.tsx';
import { Link } from '../components/link.tsx';
import { MutualTls } from '../components/mutual-tls.tsx';
import { Objects } from '../components/objects.tsx';
import { Loaded, Page } from '../components/page.tsx';
import { Peers } from '../components/peers.tsx';
import { TimeLines } from '../components/time-lines.tsx';
import { TrafficTiles } from '../components/traffic.tsx';
import { useItem } from '../state/use-list.ts';
import { useTimeLine } from '../state/use-time-line.ts';
import { MissingItem } from '../components/missing-item.tsx';
import { PodTable } from '../components/pod-table.tsx';
import { SyncBadge } from './workloads.tsx';

export interface WorkloadPageProps {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

export function WorkloadPage({ namespace, kind, name }: WorkloadPageProps) {
  const { data, item } = useItem<WorkloadView>(
    'workloads',
    namespace,
    (workload) => workload.namespace === namespace && workload.kind === kind && workload.name === name,
  );
  return (
    <Page
      title={name}
      about={`${kind} in ${namespace}`}
      actions={
        <>
          <Link class="button" path={['tap']} query={{ ns: namespace, target: `${kind}/${name}` }}>
            Tap
          </Link>
          <Link class="button" path={['graph']} query={{ focus: `workload:${namespace}/${kind}/${name}` }}>
            Show in the graph
          </Link>
        </>
      }
    >
      <Loaded data={data}>
        {() => (item === undefined ? <MissingItem kind={kind} name={name} /> : <Details workload={item} />)}
      </Loaded>
    </Page>
  );
}

function Details({ workload }: { readonly workload: WorkloadView }) {
  const { namespace, kind, name, mtls } = workload;
  const self = `${namespace}/${kind}/${name}`;
  const line = useTimeLine({ to: self }, namespace);
  return (
    <>
      <TrafficTiles traffic={workload.traffic} />
      <TimeLines line={line} />
      <div class="columns">
        <Facts
          facts={[
            ['Identity', <code>{workload.identity}</code>],
            ['Service account', workload.serviceAccount],
            ['Versions', workload.versions.length === 0 ? 'none' : workload.versions.join(', ')],
            [
              'Mutual TLS',
              <>
                <MutualTls mode={mtls.mode} />{' '}
                {mtls.policy === undefined ? (
                  <span class="muted">by the mesh's default</span>
                ) : (
                  <ExplainLink kind="MutualTLSPolicy" namespaced={mtls.policy} />
                )}
              </>,
            ],
            ['Proxies', <SyncBadge {...workload.pods} />],
          ]}
        />
        <Facts
          facts={[
            ['Behind', <Objects objects={workload.services} none="no Service" />],
            ['Uses', <Objects objects={workload.uses} none="nothing yet" />],
          ]}
        />
      </div>
      <Peers title="Who calls it" self={{ to: self }} dimension="source" namespace={namespace} />
      <Peers title="What it calls" self={{ from: self }} dimension="destination" namespace={namespace} />
      <PodTable
        namespace={namespace}
        isMine={(proxy) => proxy.workload.kind === kind && proxy.workload.name === name}
      />
    </>
  );
}
