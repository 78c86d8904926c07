/** For the randomized test of the mesh: objects of gateways that meet and contradict one another as often as not. */

import type { Random } from '../../graph/random.ts';
import type { KubeObject } from '../../kube/types.ts';
import { gatewayNameLabel, controllerName } from '../../base/names.ts';
import { pod } from '../testing-objects.ts';
import type { KubeGateway, KubeGatewayClass, KubeListener, ObjectRef } from '../kubernetes-gateways.ts';
import {
  backendTLSPolicy,
  certificateFor,
  configMap,
  gateway,
  grant,
  listener,
  listenerSet,
  namespace,
  secret,
} from './testing.ts';

const namespaces = ['a', 'b'];
const gateways = ['web', 'api'];
const services = ['web', 'api', 'db'];
const certificates = ['one', 'two'];
const authorities = ['one', 'two'];
const pairs = [certificateFor('a.x.io'), certificateFor('*.x.io'), certificateFor('b.test')];
const hostnames = ['', '*.x.io', 'a.x.io', 'x.io'];
const kinds = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute', 'OddRoute'];
const froms = ['All', 'Same', 'Selector', 'None'];
const selector = { matchLabels: { team: 'x' } };

/** One of the kinds that gateways are made of, but for routes and Services. */
export function someGatewayPart(random: Random): KubeObject {
  const own = random.pick(namespaces);
  const age = `2026-01-0${1 + random.below(3)}T00:00:00Z`;
  switch (random.below(10)) {
    case 0:
    case 1:
      return gateway(`${own}/${random.pick(gateways)}`, someListeners(random, 3), someSpec(random));
    case 2: {
      const parent = `${random.pick(namespaces)}/${random.pick(gateways)}`;
      return listenerSet(`${own}/${random.pick(['s1', 's2'])}`, parent, someListeners(random, 3), age);
    }
    case 3: {
      const { chain, privateKey } = random.pick(pairs);
      const key = random.below(5) === 0 ? random.pick(pairs).privateKey : privateKey;
      return secret(`${own}/${random.pick(certificates)}`, { 'tls.crt': chain, 'tls.key': key });
    }
    case 4: {
      const text = random.below(4) === 0 ? 'Hello world' : random.pick(pairs).chain;
      return configMap(`${own}/${random.pick(authorities)}`, { 'ca.crt': text });
    }
    case 5: {
      const from = { kind: random.pick(['Gateway', 'ListenerSet']), namespace: random.pick(namespaces) };
      return grant(`${own}/g${random.below(2)}`, from, { kind: random.pick(['Secret', 'ConfigMap']) });
    }
    case 6: {
      const target = {
        group: '',
        kind: 'Service',
        name: random.pick(services),
        ...(random.below(2) === 0 ? { sectionName: random.pick(['http', 'x']) } : {}),
      };
      const caCertificateRefs = [{ group: '', kind: 'ConfigMap', name: random.pick(authorities) }];
      const policy = `${own}/p${random.below(3)}`;
      return backendTLSPolicy(policy, target, { hostname: 'web.example', caCertificateRefs }, age);
    }
    case 7:
      return namespace(own, { team: random.pick(['x', 'y']) });
    case 8: {
      const name = random.pick(gateways);
      const options = { labels: { [gatewayNameLabel]: name }, serviceAccount: `${name}-weft` };
      return pod(`${own}/proxy-${name}`, random.pick(['10.0.0.1', '10.0.0.9']), options);
    }
    default:
      return someClass(random);
  }
}

function someClass(random: Random): KubeObject {
  const controller = random.below(4) === 0 ? 'example.com/other' : controllerName;
  const found: KubeGatewayClass = {
    kind: 'GatewayClass',
    metadata: { name: 'weft', generation: random.below(3) },
    spec: { controllerName: controller },
  };
  return found;
}

function someSpec(random: Random): KubeGateway['spec'] {
  const validation = (): object => ({
    validation: {
      caCertificateRefs: [someRef(random, 'ConfigMap', authorities)],
      mode: random.pick(['AllowValidOnly', 'AllowInsecureFallback']),
    },
  });
  return {
    allowedListeners: { namespaces: { from: random.pick(froms), selector } },
    ...(random.below(6) === 0 ? { addresses: [{ type: random.pick(['IPAddress', 'Odd']) }] } : {}),
    ...(random.below(2) === 0
      ? {
          tls: {
            backend: { clientCertificateRef: someRef(random, 'Secret', certificates) },
            frontend: {
              default: validation(),
              perPort: random.below(2) === 0 ? [{ port: 443, tls: validation() }] : [],
            },
          },
        }
      : {}),
    ...(random.below(8) === 0 ? { gatewayClassName: 'foreign' } : {}),
  };
}

function someRef(random: Random, kind: string, names: readonly string[]): ObjectRef {
  return {
    group: '',
    kind: random.below(8) === 0 ? 'Odd' : kind,
    name: random.pick(names),
    ...(random.below(2) === 0 ? { namespace: random.pick(namespaces) } : {}),
  };
}

function someListeners(random: Random, most: number): readonly KubeListener[] {
  return Array.from({ length: 1 + random.below(most) }, (_, i) => someListener(random, `l${i}`));
}

function someListener(random: Random, name: string): KubeListener {
  const protocol = random.pick(['HTTP', 'HTTP', 'HTTPS', 'HTTPS', 'TLS', 'TCP', 'UDP', 'ODD']);
  const isSecured = protocol === 'HTTPS' || protocol === 'TLS';
  const mode = protocol === 'TLS' ? random.pick(['Passthrough', 'Terminate']) : 'Terminate';
  const hostname = random.pick(hostnames);
  return listener(name, {
    protocol,
    port: random.pick(isSecured ? [443, 8443] : [80, 443, 15021]),
    ...(hostname === '' || protocol === 'TCP' || protocol === 'UDP' ? {} : { hostname }),
    ...(isSecured ? { tls: { mode, certificateRefs: [someRef(random, 'Secret', certificates)] } } : {}),
    allowedRoutes: {
      namespaces: { from: random.pick(froms), selector },
      ...(random.below(3) === 0 ? { kinds: [{ kind: random.pick(kinds) }] } : {}),
    },
  });
}
