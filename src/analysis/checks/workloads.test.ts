import { kinds, testChecks } from '../testing.ts';
import { controlPlaneChecks } from './control-plane.ts';
import { namespaceChecks } from './namespaces.ts';
import { proxyChecks } from './proxies.ts';
import { workloadChecks } from './workloads.ts';
import { writtenChecks } from './written.ts';

const { deployment, policy, namespace, meshConfig } = kinds;

const web = (metadata: string, container: string, spec = '', own?: string): string =>
  deployment(
    'web',
    `{labels: {app: web}${metadata}}`,
    `{serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}], readinessProbe: {httpGet: {port: 8080}}${container}}]${spec}}`,
    own,
  );
const annotated = (name: string, value: string): string => web(`, annotations: {${name}: ${value}}`, '');

/** As a cluster has it. */
const runningPod = (name: string, proxy: string | undefined, more = ''): string => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  uid: ${name}
  labels: {app: run, pod-template-hash: x1${more}}
  annotations: ${proxy === undefined ? '{}' : `{weft.dev/proxy: '${proxy}'}`}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: run-x1, uid: rs, controller: true}]
spec: {serviceAccountName: run, containers: [{name: run}]}
status: {phase: Running}
---
`;
const revision = (version: string, settings: string): string => JSON.stringify({ version, settings });
const current = { proxy: { version: '0.2.0', settings: 'new' } };
const own = (name: string): string => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: weft-system
  labels: {app.kubernetes.io/name: weft, pod-template-hash: x1}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: weft-x1, uid: rs, controller: true}]
spec: {containers: [{name: weft}]}
status: {phase: Running}
---
`;

testChecks(
  [...workloadChecks, ...proxyChecks, ...writtenChecks, ...controlPlaneChecks, ...namespaceChecks],
  [
    {
      code: 'WEFT-ANL-50',
      when: 'pods of a meshed namespace use the network of their node',
      hit: web('', '', ', hostNetwork: true'),
      at: 'Deployment shop/web spec.template.spec.hostNetwork',
      miss: deployment(
        'web',
        '{labels: {app: web, weft.dev/inject: disabled}}',
        '{hostNetwork: true, containers: [{name: web}]}',
      ),
    },
    {
      code: 'WEFT-ANL-51',
      when: 'a serving container has no readiness probe',
      hit: deployment(
        'web',
        '{labels: {app: web}}',
        '{serviceAccountName: web, containers: [{name: web, ports: [{containerPort: 8080}]}]}',
      ),
      at: 'Deployment shop/web spec.template.spec.containers[0]',
      miss: deployment(
        'job',
        '{labels: {app: job}}',
        '{serviceAccountName: job, containers: [{name: job, ports: [{containerPort: 8080}]}]}',
      ),
    },
    {
      code: 'WEFT-ANL-52',
      when: 'the port of a Service is bound to the loopback address',
      hit: web('', ', args: ["--listen-address=127.0.0.1:8080"]'),
      at: 'Deployment shop/web spec.template.spec.containers[0].args[0]',
      miss: web(
        '',
        ', args: ["--listen-address=127.0.0.1:9090", "--upstream=127.0.0.1:8080", "--listen-address=0.0.0.0:8080"]',
      ),
    },
    {
      code: 'WEFT-ANL-53',
      when: 'pods are killed while their proxy drains',
      hit: web('', '', ', terminationGracePeriodSeconds: 5'),
      at: 'Deployment shop/web spec.template.spec.terminationGracePeriodSeconds',
      miss: web('', '', ', terminationGracePeriodSeconds: 6'),
    },
    {
      code: 'WEFT-ANL-54',
      when: 'a port of a Strict workload passes its proxy by',
      hit: `${policy('{mode: Strict}')}${annotated('proxy.weft.dev/exclude-inbound-ports', '"8080"')}`,
      at: 'Deployment shop/web spec.template.metadata.annotations[proxy.weft.dev/exclude-inbound-ports]',
      miss: `${policy('{mode: Strict}')}${annotated('proxy.weft.dev/exclude-inbound-ports', '"9102"')}`,
    },
    {
      code: 'WEFT-ANL-55',
      when: 'every address passes the proxy by',
      hit: annotated('proxy.weft.dev/exclude-outbound-cidrs', '0.0.0.0/0'),
      at: 'Deployment shop/web spec.template.metadata.annotations[proxy.weft.dev/exclude-outbound-cidrs]',
      miss: annotated('proxy.weft.dev/exclude-outbound-cidrs', '0.0.0.0/8'),
    },
    {
      code: 'WEFT-ANL-56',
      when: 'the label is written as an annotation',
      hit: annotated('weft.dev/inject', 'disabled'),
      at: 'Deployment shop/web spec.template.metadata.annotations[weft.dev/inject]',
      miss: deployment(
        'web',
        '{labels: {app: web, weft.dev/inject: enabled}, annotations: {weft.dev/inject: enabled}}',
        '{containers: [{name: web}]}',
      ),
    },
    {
      code: 'WEFT-ANL-57',
      when: 'another mesh is to inject the pods as well',
      hit: annotated('linkerd.io/inject', 'enabled'),
      at: 'Deployment shop/web spec.template.metadata',
      miss: annotated('linkerd.io/inject', 'disabled'),
    },
    {
      code: 'WEFT-ANL-58',
      when: 'it runs as the default ServiceAccount',
      hit: deployment('job', '{labels: {app: job}}', '{containers: [{name: job}]}'),
      at: 'Deployment shop/job spec.template.spec.serviceAccountName',
      miss: deployment(
        'job',
        '{labels: {app: job, weft.dev/inject: disabled}}',
        '{containers: [{name: job}]}',
      ),
    },
    {
      code: 'WEFT-ANL-59',
      when: 'pods have addresses that are not in the mesh',
      hit: '',
      at: 'Deployment shop/run',
      miss: meshConfig('{outbound: {meshCIDRs: [10.96.0.0/16, 203.0.113.0/24]}}'),
      situation: {
        existing: runningPod('run-1', '{}').replace('phase: Running', 'phase: Running, podIP: 203.0.113.7'),
      },
    },
    {
      code: 'WEFT-ANL-60',
      when: 'a pod of a meshed namespace has no proxy',
      hit: '',
      at: 'Deployment shop/run',
      miss: namespace('{name: shop, labels: {weft.dev/inject: disabled}}'),
      situation: { existing: runningPod('run-1', undefined) },
    },
    {
      code: 'WEFT-ANL-60',
      when: 'a proxy is to be had at all',
      hit: '',
      at: 'Deployment shop/run',
      miss: '',
      situation: { existing: runningPod('run-1', undefined) },
      missSituation: {
        existing: runningPod('run-1', undefined).replace('spec: {', 'spec: {os: {name: windows}, '),
      },
    },
    {
      code: 'WEFT-ANL-61',
      when: 'a proxy is of another version',
      hit: runningPod('run-1', revision('0.1.0', 'new')),
      at: 'Deployment shop/run',
      miss: '',
      situation: { ...current, existing: runningPod('run-1', revision('0.2.0', 'old')) },
    },
    {
      code: 'WEFT-ANL-62',
      when: 'a proxy has former settings',
      hit: runningPod('run-1', revision('0.2.0', 'old')),
      at: 'Deployment shop/run',
      miss: '',
      situation: { ...current, existing: runningPod('run-1', revision('0.2.0', 'new')) },
    },
    {
      code: 'WEFT-ANL-65',
      when: 'the webhook would refuse the pods',
      hit: web('', ', securityContext: {runAsUser: 1337000001}'),
      at: 'Deployment shop/web spec.template.spec.containers[0].securityContext.runAsUser',
      miss: web('', ', securityContext: {runAsUser: 1337}'),
    },
    {
      code: 'WEFT-ANL-65',
      when: 'a setting of the proxy is impossible',
      hit: annotated('proxy.weft.dev/concurrency', '"0"'),
      at: 'Deployment shop/web spec.template.metadata.annotations[proxy.weft.dev/concurrency]',
      miss: annotated('proxy.weft.dev/concurrency', '"2"'),
    },
    {
      code: 'WEFT-ANL-66',
      when: 'the pods do not use the DNS of the cluster',
      hit: web('', '', ', dnsPolicy: Default'),
      at: 'Deployment shop/web spec.template.spec.dnsPolicy',
      miss: web('', '', ', dnsPolicy: ClusterFirst'),
    },
    {
      code: 'WEFT-ANL-67',
      when: 'the label is on the Deployment instead of its pods',
      hit: web('', '', '', '{weft.dev/inject: enabled}'),
      at: 'Deployment shop/web metadata.labels[weft.dev/inject]',
      miss: deployment(
        'web',
        '{labels: {app: web, weft.dev/inject: enabled}}',
        '{containers: [{name: web}]}',
        '{weft.dev/inject: enabled}',
      ),
    },
    {
      code: 'WEFT-ANL-68',
      when: 'the control plane has one pod',
      hit: '',
      at: 'Deployment weft-system/weft spec.replicas',
      miss: own('weft-x1-b'),
      situation: { existing: own('weft-x1-a') },
    },
    {
      code: 'WEFT-ANL-70',
      when: 'the label of a namespace has another value',
      hit: namespace('{name: blog, labels: {weft.dev/inject: "true"}}'),
      at: 'Namespace blog metadata.labels[weft.dev/inject]',
      miss: namespace('{name: blog, labels: {weft.dev/inject: disabled}}'),
    },
    {
      code: 'WEFT-ANL-71',
      when: 'a namespace has it as an annotation',
      hit: namespace('{name: blog, annotations: {weft.dev/inject: enabled}}'),
      at: 'Namespace blog metadata.annotations[weft.dev/inject]',
      miss: namespace(
        '{name: blog, labels: {weft.dev/inject: enabled}, annotations: {weft.dev/inject: enabled}}',
      ),
    },
    {
      code: 'WEFT-ANL-72',
      when: 'a namespace is labelled whose pods are never asked about',
      hit: namespace('{name: kube-system, labels: {weft.dev/inject: enabled}}'),
      at: 'Namespace kube-system metadata.labels[weft.dev/inject]',
      miss: namespace('{name: kube-system-too, labels: {weft.dev/inject: enabled}}'),
    },
    {
      code: 'WEFT-ANL-73',
      when: 'a namespace is labelled for two meshes',
      hit: namespace('{name: blog, labels: {weft.dev/inject: enabled, istio-injection: enabled}}'),
      at: 'Namespace blog metadata.labels[istio-injection]',
      miss: namespace('{name: blog, labels: {weft.dev/inject: enabled, istio-injection: disabled}}'),
    },
    {
      code: 'WEFT-ANL-74',
      when: 'a setting of pods is on a namespace',
      hit: namespace('{name: blog, annotations: {proxy.weft.dev/cpu: 10m}}'),
      at: 'Namespace blog metadata.annotations[proxy.weft.dev/cpu]',
      miss: namespace('{name: blog, annotations: {example.com/cpu: 10m}}'),
    },
  ],
);
