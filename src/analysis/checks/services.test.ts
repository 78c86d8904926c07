import { kinds, testChecks } from '../testing.ts';
import { protocolChecks } from './protocols.ts';
import { serviceChecks } from './services.ts';

const { service, deployment, policy, meshConfig } = kinds;
const web = (ports: string, more = ''): string =>
  service(`{selector: {app: web}, clusterIP: 10.96.0.3, clusterIPs: [10.96.0.3], ports: ${ports}${more}}`);
const fine = web('[{name: http, port: 80, targetPort: 8080}]');
const second = (ports: string): string => service(`{selector: {app: web}, ports: ${ports}}`, 'second');
const plain = deployment(
  'old',
  '{labels: {app: web, weft.dev/inject: disabled}}',
  '{containers: [{name: old, ports: [{containerPort: 8080}]}]}',
);

testChecks(
  [...serviceChecks, ...protocolChecks],
  [
    {
      code: 'WEFT-ANL-30',
      when: 'no pod has the labels',
      hit: service('{selector: {app: wep}, ports: [{name: http, port: 80}]}', 'typo'),
      at: 'Service shop/typo spec.selector',
      miss: service('{ports: [{name: http, port: 80}]}', 'by-hand'),
    },
    {
      code: 'WEFT-ANL-31',
      when: 'targetPort is a name that no container has',
      hit: web('[{name: http, port: 80, targetPort: wed}]'),
      at: 'Service shop/web spec.ports[0].targetPort',
      miss: web('[{name: http, port: 80, targetPort: web}]'),
    },
    {
      code: 'WEFT-ANL-32',
      when: 'targetPort is a number that no container declares',
      hit: web('[{name: http, port: 80}]'),
      at: 'Service shop/web spec.ports[0].targetPort',
      miss: fine,
    },
    {
      code: 'WEFT-ANL-32',
      when: 'containers declare ports, and not where they declare none',
      hit: web('[{name: http, port: 80}]'),
      at: 'Service shop/web spec.ports[0].targetPort',
      miss: `${web('[{name: http, port: 80}]')}${deployment('web', '{labels: {app: web}}', '{containers: [{name: web}]}')}`,
    },
    {
      code: 'WEFT-ANL-32',
      when: 'the Service is that of an application, and not where it is that of a gateway',
      hit: web('[{name: http, port: 80}]'),
      at: 'Service shop/web spec.ports[0].targetPort',
      miss: `${service('{selector: {gateway.networking.k8s.io/gateway-name: edge}, ports: [{name: http, port: 80}]}', 'edge')}${deployment('edge', '{labels: {gateway.networking.k8s.io/gateway-name: edge}}', '{containers: [{name: envoy, ports: [{containerPort: 15021}]}]}')}`,
    },
    {
      code: 'WEFT-ANL-33',
      when: 'two Services have one address and port',
      hit: service(
        '{clusterIP: 10.96.0.3, clusterIPs: [10.96.0.3], ports: [{name: http, port: 80}]}',
        'twin',
      ),
      at: 'Service shop/web spec.clusterIP',
      miss: service(
        '{clusterIP: 10.96.0.3, clusterIPs: [10.96.0.3], ports: [{name: http, port: 81}]}',
        'twin',
      ),
    },
    {
      code: 'WEFT-ANL-34',
      when: 'meshCIDRs do not have the address',
      hit: meshConfig('{outbound: {meshCIDRs: [10.97.0.0/16]}}'),
      at: 'Service shop/web spec.clusterIP',
      miss: meshConfig('{outbound: {meshCIDRs: [10.96.0.0/16]}}'),
    },
    {
      code: 'WEFT-ANL-35',
      when: 'some of the workloads behind it have no proxy',
      hit: plain,
      at: 'Service shop/web spec.selector',
      miss: `${plain}${deployment('web', '{labels: {app: web, weft.dev/inject: disabled}}', '{containers: [{name: web}]}')}`,
    },
    {
      code: 'WEFT-ANL-36',
      when: 'a Service of the mesh asks for affinity',
      hit: web('[{name: http, port: 80, targetPort: 8080}]', ', sessionAffinity: ClientIP'),
      at: 'Service shop/web spec.sessionAffinity',
      miss: web('[{name: http, port: 80, targetPort: 8080}]', ', sessionAffinity: None'),
    },
    {
      code: 'WEFT-ANL-37',
      when: 'a Service of the mesh is to be local',
      hit: web('[{name: http, port: 80, targetPort: 8080}]', ', internalTrafficPolicy: Local'),
      at: 'Service shop/web spec.internalTrafficPolicy',
      miss: web('[{name: http, port: 80, targetPort: 8080}]', ', internalTrafficPolicy: Cluster'),
    },
    {
      code: 'WEFT-ANL-38',
      when: 'a node’s port leads to a Strict workload',
      hit: `${policy('{mode: Strict}')}${web('[{name: http, port: 80, targetPort: 8080}]', ', type: NodePort')}`,
      at: 'Service shop/web spec.type',
      miss: `${policy('{mode: Permissive}')}${web('[{name: http, port: 80, targetPort: 8080}]', ', type: NodePort')}`,
    },
    {
      code: 'WEFT-ANL-40',
      when: 'name and appProtocol disagree on whether it is HTTP',
      hit: web('[{name: http-api, port: 80, targetPort: 8080, appProtocol: tcp}]'),
      at: 'Service shop/web spec.ports[0]',
      miss: web('[{name: http-api, port: 80, targetPort: 8080, appProtocol: http2}]'),
    },
    {
      code: 'WEFT-ANL-41',
      when: 'nothing says what it carries',
      hit: web('[{name: api, port: 80, targetPort: 8080}]'),
      at: 'Service shop/web spec.ports[0]',
      miss: web('[{name: db, port: 5432, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}]'),
    },
    {
      code: 'WEFT-ANL-42',
      when: 'the appProtocol is unknown',
      hit: web('[{name: http, port: 80, targetPort: 8080, appProtocol: htpp}]'),
      at: 'Service shop/web spec.ports[0]',
      miss: web('[{name: http, port: 80, targetPort: 8080, appProtocol: example.com/custom}]'),
    },
    {
      code: 'WEFT-ANL-43',
      when: 'the port of a database is declared as HTTP',
      hit: web('[{name: http, port: 5432, targetPort: 8080}]'),
      at: 'Service shop/web spec.ports[0]',
      miss: web('[{name: postgres, port: 5432, targetPort: 8080}]'),
    },
    {
      code: 'WEFT-ANL-44',
      when: 'another Service says something else of the same port of the pods',
      hit: second('[{name: tcp, port: 81, targetPort: 8080}]'),
      at: 'Service shop/web spec.ports[0]',
      miss: second('[{name: tcp, port: 81, targetPort: 9090}, {name: grpc, port: 82, targetPort: 8080}]'),
    },
  ],
);
