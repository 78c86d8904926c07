/** Workloads, Services and namespaces as people name them: `deploy/web`, `svc/cart`, `ns/shop`, `shop/Deployment/web`. */

import { WeftError } from '../base/errors.ts';

const workloadKinds: Readonly<Record<string, string>> = {
  deploy: 'Deployment',
  deployment: 'Deployment',
  deployments: 'Deployment',
  sts: 'StatefulSet',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  ds: 'DaemonSet',
  daemonset: 'DaemonSet',
  daemonsets: 'DaemonSet',
  job: 'Job',
  jobs: 'Job',
  cronjob: 'CronJob',
  cronjobs: 'CronJob',
  rs: 'ReplicaSet',
  replicaset: 'ReplicaSet',
  po: 'Pod',
  pod: 'Pod',
  pods: 'Pod',
};

/** `Deployment` for `deploy`; undefined where it is no kind of workload. */
export function kindOfWorkload(text: string): string | undefined {
  return workloadKinds[text.toLowerCase()];
}

/** What is named. `workload` is a namespace, or `namespace/Kind/name`; `service` is `namespace/name`. */
export interface NamedEnd {
  readonly workload?: string;
  readonly service?: string;
}

const label = '[a-z0-9]([a-z0-9.-]*[a-z0-9])?';
const named = new RegExp(`^(?<kind>[A-Za-z]+)/(?<name>${label})(:[0-9]+)?$`);
const whole = new RegExp(`^${label}/[A-Z][A-Za-z]+/${label}$`);

/** `namespace` is where what is named without one is. Throws WeftError WEFT-CLI-03. */
export function endOfTraffic(option: string, text: string, namespace: string): NamedEnd {
  if (whole.test(text)) return { workload: text };
  const match = named.exec(text)?.groups;
  const kind = match?.['kind']?.toLowerCase() ?? '';
  const name = match?.['name'] ?? '';
  const workloadKind = kindOfWorkload(kind);
  if (workloadKind !== undefined) return { workload: `${namespace}/${workloadKind}/${name}` };
  if (['ns', 'namespace'].includes(kind)) return { workload: name };
  if (['svc', 'service', 'services'].includes(kind)) {
    return { service: `${namespace}/${text.slice(text.indexOf('/') + 1)}` };
  }
  throw new WeftError(
    'WEFT-CLI-03',
    `${JSON.stringify(text)} names nothing; write deploy/NAME, svc/NAME, ns/NAME or NAMESPACE/Deployment/NAME.`,
    { field: option },
  );
}
