/** How the ports of Services are read, and where what is said of them goes against itself. */

import type { Protocol } from '../../mesh/model.ts';
import { declaredProtocol, protocolOf, protocolOfNumber } from '../../mesh/protocol.ts';
import type { Check, Problem } from '../check.ts';
import type { Input } from '../input.ts';
import type { ServiceFacts } from '../facts.ts';
import type { ServiceSubject } from '../subjects.ts';

export const protocolChecks: readonly Check<ServiceSubject>[] = [
  { code: 'WEFT-ANL-40', severity: 'warning', find: (subject) => eachPort(subject, contradictory) },
  { code: 'WEFT-ANL-41', severity: 'info', find: (subject) => eachPort(subject, detected) },
  { code: 'WEFT-ANL-42', severity: 'info', find: (subject) => eachPort(subject, unknownProtocol) },
  { code: 'WEFT-ANL-43', severity: 'warning', find: (subject) => eachPort(subject, unlikely) },
  { code: 'WEFT-ANL-44', severity: 'warning', find: disagreement },
];

type Port = ServiceFacts['ports'][number];

function eachPort(
  { facts, service }: ServiceSubject,
  find: (port: Port) => Omit<Problem, 'path'> | undefined,
): readonly Problem[] {
  if (service === undefined) return [];
  return facts.ports.flatMap((port, index) => {
    const found = port.protocol === 'TCP' ? find(port) : undefined;
    return found === undefined ? [] : [{ path: `spec.ports[${index}]`, ...found }];
  });
}

const byName = ({ name, port }: Port): Protocol => protocolOf({ name, port });
const carriesHTTP = (protocol: Protocol): boolean => protocol !== 'tcp' && protocol !== 'detect';

function contradictory(port: Port): Omit<Problem, 'path'> | undefined {
  const { name, appProtocol = '' } = port;
  const declared = declaredProtocol(appProtocol);
  const named = protocolOf({ name, port: 0 });
  if (declared === undefined || named === 'detect' || carriesHTTP(declared) === carriesHTTP(named))
    return undefined;
  return {
    message: `appProtocol ${appProtocol} and the name ${name} say different things; appProtocol decides, so the port is read as ${declared}`,
    fix: 'Remove appProtocol, or rename the port to agree with it.',
  };
}

/** Works, and costs a server that speaks first a moment; nothing else is wrong with it. */
function detected(port: Port): Omit<Problem, 'path'> | undefined {
  if (protocolOf(port) !== 'detect') return undefined;
  return {
    message: `nothing says what port ${port.port} carries, so it is found out connection by connection`,
    fix: `Begin the name of the port with its protocol, such as http-${port.name === '' ? 'web' : port.name}, or set appProtocol.`,
  };
}

/** Names with a prefix are for other implementations to know. */
function unknownProtocol(port: Port): Omit<Problem, 'path'> | undefined {
  const { appProtocol } = port;
  if (appProtocol === undefined || appProtocol.includes('/') || declaredProtocol(appProtocol) !== undefined)
    return undefined;
  return {
    message: `appProtocol ${appProtocol} is not known to the mesh, which reads the port as ${byName(port)}`,
    fix: 'Write http, http2, grpc, tcp or another protocol of docs/protocols.md.',
  };
}

function unlikely(port: Port): Omit<Problem, 'path'> | undefined {
  if (!carriesHTTP(protocolOf(port)) || protocolOfNumber(port.port) !== 'tcp') return undefined;
  return {
    message: `port ${port.port} is that of a protocol in which no HTTP is spoken, yet it is declared as ${protocolOf(port)}`,
    fix: 'Where it is not HTTP after all, name the port tcp or by its own protocol, or set appProtocol: tcp.',
  };
}

/** Two Services of the same pods say different things of one port: the mesh takes the one that says more. */
function disagreement(
  { key, facts, service }: ServiceSubject,
  { read, derived, mesh, sources }: Input,
): readonly Problem[] {
  if (service === undefined) return [];
  const members = read(derived.members, key);
  return service.ports.flatMap(({ name, port }) => {
    const own = read(mesh.servicePorts, `${key}:${port}`)?.protocol ?? 'detect';
    if (own === 'detect') return [];
    const rivals = (members?.workloads ?? []).flatMap((workload) =>
      (read(derived.servicesByWorkload, workload) ?? []).flatMap((other) => {
        if (other.key === key) return [];
        return (read(sources.services, other.key)?.ports ?? []).flatMap((theirs) => {
          const protocol = read(mesh.servicePorts, `${other.key}:${theirs.port}`)?.protocol ?? 'detect';
          const meets = other.value.ports[theirs.name]?.some((number) =>
            members?.ports[name]?.includes(number),
          );
          const differs = protocol !== 'detect' && carriesHTTP(protocol) !== carriesHTTP(own);
          return meets === true && differs ? [`${other.key}:${theirs.port} (${protocol})`] : [];
        });
      }),
    );
    if (rivals.length === 0) return [];
    return [
      {
        path: `spec.ports[${facts.ports.findIndex((each) => each.port === port && each.protocol === 'TCP')}]`,
        message: `the port is declared as ${own}, and ${[...new Set(rivals)].join(', ')} leads to the same port of the same pods`,
        fix: 'Declare the same protocol in both Services.',
      },
    ];
  });
}
