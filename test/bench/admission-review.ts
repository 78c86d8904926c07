/** The AdmissionReview of an ordinary pod of a Deployment, as the API server writes it. */

export function benchReview(): string {
  const probe = (path: string) => ({
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  const names = ['cart', 'catalog', 'checkout', 'currency', 'email', 'payment', 'recommendation', 'shipping'];
  const environment = names.map((name) => ({
    name: `${name.toUpperCase()}_SERVICE`,
    value: `${name}.shop:8080`,
  }));
  const container = {
    name: 'web',
    image: 'registry.example/shop/web:1.42.0',
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    env: [
      ...environment,
      { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    ],
    resources: { limits: { memory: '512Mi' }, requests: { cpu: '250m', memory: '256Mi' } },
    volumeMounts: [
      { name: 'config', readOnly: true, mountPath: '/etc/web' },
      {
        name: 'kube-api-access-7x2p9',
        readOnly: true,
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
    ],
    livenessProbe: probe('/healthz'),
    readinessProbe: probe('/readyz'),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    },
  };
  const containers = [container, { ...container, name: 'log-shipper', livenessProbe: undefined }];
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      generateName: 'web-7c9b8d6f5d-',
      namespace: 'shop',
      uid: '3c1e8a52-6c0b-4b7e-9d50-5f2f7e1a9b11',
      creationTimestamp: '2026-08-01T12:00:00Z',
      labels: { app: 'web', version: 'v1', 'pod-template-hash': '7c9b8d6f5d' },
      annotations: { 'prometheus.io/scrape': 'true', 'checksum/config': 'a'.repeat(64) },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-7c9b8d6f5d',
          uid: '0d1c2b3a-1111-4222-8333-444455556666',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time: '2026-08-01T12:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': {
              'f:annotations': { '.': {}, ...fields('prometheus.io/scrape', 'checksum/config') },
              'f:generateName': {},
              'f:labels': { '.': {}, ...fields('app', 'pod-template-hash', 'version') },
              'f:ownerReferences': { '.': {}, 'k:{"uid":"0d1c2b3a-1111-4222-8333-444455556666"}': {} },
            },
            'f:spec': {
              'f:containers': listed(containers, containerFields),
              ...fields('dnsPolicy', 'enableServiceLinks', 'restartPolicy', 'schedulerName'),
              ...fields('securityContext', 'serviceAccount', 'serviceAccountName'),
              ...fields('terminationGracePeriodSeconds'),
            },
          },
        },
      ],
    },
    spec: {
      volumes: [
        { name: 'config', configMap: { name: 'web-config', defaultMode: 420 } },
        {
          name: 'kube-api-access-7x2p9',
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [
                    { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
                  ],
                },
              },
            ],
            defaultMode: 420,
          },
        },
      ],
      containers,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'web',
      serviceAccount: 'web',
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((condition) => ({
        key: `node.kubernetes.io/${condition}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: {},
  };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: 'a9c7e5d3-0000-4000-8000-000000000000',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  });
}

/** Who owns which field, as a server keeps it: about a third of what a controller's object carries. */
type Fields = Readonly<Record<string, object>>;

function fields(...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [`f:${name}`, {}]));
}

function listed<T extends { readonly name: string }>(list: readonly T[], of: (item: T) => Fields): Fields {
  return Object.fromEntries(list.map((item) => [`k:{"name":"${item.name}"}`, { '.': {}, ...of(item) }]));
}

function containerFields({ env }: { readonly env: readonly { readonly name: string }[] }): Fields {
  return {
    'f:env': { '.': {}, ...listed(env, () => fields('name', 'value')) },
    ...fields('image', 'imagePullPolicy', 'name', 'terminationMessagePath', 'terminationMessagePolicy'),
    'f:readinessProbe': { '.': {}, ...fields('failureThreshold', 'periodSeconds', 'timeoutSeconds') },
    'f:resources': { '.': {}, 'f:limits': fields('memory'), 'f:requests': fields('cpu', 'memory') },
    'f:securityContext': fields('allowPrivilegeEscalation', 'readOnlyRootFilesystem', 'runAsNonRoot'),
  };
}
