/** A pod of ordinary size for the cache bench: about 5 KB as JSON, as the API server sends it. */

import type { KubeObject } from '../../src/kube/types.ts';

export function benchPod(index: number, namespace: string): KubeObject {
  const app = `app-${index % 400}`;
  const pod = {
    metadata: {
      name: `${app}-${(index * 7919).toString(36)}-${index}`,
      namespace,
      labels: {
        'app.kubernetes.io/name': app,
        'app.kubernetes.io/version': `v${index % 7}`,
        'app.kubernetes.io/part-of': 'bench',
        'pod-template-hash': (index % 800).toString(16).padStart(10, '7'),
      },
      annotations: {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '9090',
      },
    },
    spec: {
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      nodeName: `node-${index % 300}`,
      containers: [container('app', index)],
      volumes: [{ name: 'cache', emptyDir: {} }],
      terminationGracePeriodSeconds: 30,
    },
  };
  return pod;
}

function container(name: string, index: number) {
  const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, failureThreshold: 3 };
  return {
    name,
    image: `registry.example.com/team-${index % 20}/${name}:1.2.${index % 50}`,
    args: ['--listen=0.0.0.0:8080', `--shard=${index}`, '--log-format=json'],
    env: Array.from({ length: 3 }, (_, position) => ({
      name: `SETTING_${position}`,
      value: `value-${index}-${position}`,
    })),
    ports: [{ name: 'http', containerPort: 8080 }],
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    readinessProbe: probe,
  };
}
