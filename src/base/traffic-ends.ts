/** Workloads, Services and namespaces as people name them: `deploy/web`, `svc/cart`, `ns/shop`, `shop/Deployment/web`. */

const kinds: Readonly<Record<string, string>> = {
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
  replicasets: 'ReplicaSet',
  po: 'Pod',
  pod: 'Pod',
  pods: 'Pod',
  gw: 'Gateway',
  gateway: 'Gateway',
  gateways: 'Gateway',
};

/** `Deployment` for `deploy`; undefined where it is no kind of workload. Other kinds that own pods are written as they are. */
export function kindOfWorkload(text: string): string | undefined {
  const known = kinds[text.toLowerCase()];
  return known ?? (/^[A-Z][A-Za-z]{0,62}$/.test(text) ? text : undefined);
}

/** What is named. `workload` is a namespace, or `namespace/Kind/name`; `service` is `namespace/name`, with or without `:port`. */
export type NamedEnd = { readonly workload: string } | { readonly service: string };

const label = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const named = new RegExp(`^(?<kind>[A-Za-z]{1,63})/(?<name>${label})(?<port>:[0-9]{1,5})?$`);
const whole = new RegExp(`^${label}/[A-Z][A-Za-z]{1,62}/${label}$`);

/** `namespace` is where what is named without one is; undefined where the text names nothing. */
export function parseNamedEnd(text: string, namespace: string): NamedEnd | undefined {
  if (whole.test(text)) return { workload: text };
  const { kind = '', name = '', port = '' } = named.exec(text)?.groups ?? {};
  if (name === '') return undefined;
  if (['svc', 'service', 'services'].includes(kind)) return { service: `${namespace}/${name}${port}` };
  if (port !== '') return undefined;
  if (['ns', 'namespace', 'namespaces'].includes(kind)) return { workload: name };
  const workloadKind = kindOfWorkload(kind);
  return workloadKind === undefined ? undefined : { workload: `${namespace}/${workloadKind}/${name}` };
}
