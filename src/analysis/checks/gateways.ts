/** Gateways and their class: what is not served and why, and what lets in less or more than one may think. */

import { readNamespaces, isAllowed } from '../../mesh/gateways/selectors.ts';
import type { Check, Problem } from '../check.ts';
import { type Input, knows } from '../input.ts';
import type { GatewayClassSubject, GatewaySubject } from '../subjects.ts';
import {
  admitsNobody,
  conditionOf,
  eachListener,
  notAccepted,
  overlapping,
  unresolved,
  withoutRoutes,
} from './listeners.ts';

const none = { listeners: [] };

export const gatewayChecks: readonly Check<GatewaySubject>[] = [
  { code: 'WEFT-ANL-90', severity: 'error', find: missingClass },
  { code: 'WEFT-ANL-91', severity: 'error', find: gatewayNotAccepted },
  { code: 'WEFT-ANL-92', severity: 'error', find: ({ judged = none }) => eachListener(judged, notAccepted) },
  {
    code: 'WEFT-ANL-93',
    severity: 'error',
    find: ({ judged = none }, input) => eachListener(judged, (listener) => unresolved(listener, input)),
  },
  { code: 'WEFT-ANL-94', severity: 'error', find: clientCertificate },
  {
    code: 'WEFT-ANL-95',
    severity: 'info',
    find: ({ judged = none }, input) => eachListener(judged, (listener) => withoutRoutes(listener, input)),
  },
  {
    code: 'WEFT-ANL-96',
    severity: 'warning',
    find: ({ judged = none }, input) => eachListener(judged, (listener) => admitsNobody(listener, input)),
  },
  {
    code: 'WEFT-ANL-97',
    severity: 'warning',
    find: ({ judged = none }) => eachListener(judged, overlapping),
  },
  { code: 'WEFT-ANL-98', severity: 'warning', find: insecureClients },
  { code: 'WEFT-ANL-99', severity: 'warning', find: admitsNoSets },
  { code: 'WEFT-ANL-109', severity: 'warning', find: noAddress },
];

function missingClass({ gateway }: GatewaySubject, input: Input): readonly Problem[] {
  const { className } = gateway;
  if (!knows(input, 'gatewayclasses') || input.read(input.sources.gatewayClasses, className) !== undefined)
    return [];
  return [
    {
      path: 'spec.gatewayClassName',
      message: `there is no GatewayClass ${className}, so nobody carries the Gateway out`,
      fix: 'Name a class that exists: kubectl get gatewayclasses. That of Weft is named weft where the chart made it.',
    },
  ];
}

/** Where listeners are at fault, they are told of themselves. */
function gatewayNotAccepted({ judged }: GatewaySubject): readonly Problem[] {
  const accepted = conditionOf(judged?.conditions ?? [], 'Accepted');
  if (accepted === undefined || accepted.status || accepted.reason === 'ListenersNotValid') return [];
  return [
    {
      path: accepted.reason === 'UnsupportedAddress' ? 'spec.addresses' : 'spec',
      message: `the Gateway is not accepted: ${accepted.message}`,
      fix: 'Write it as docs/gateways.md says.',
    },
  ];
}

function clientCertificate({ judged, gateway }: GatewaySubject, input: Input): readonly Problem[] {
  const resolved = conditionOf(judged?.conditions ?? [], 'ResolvedRefs');
  if (gateway.spec.tls?.backend?.clientCertificateRef === undefined) return [];
  if (resolved === undefined || resolved.status || resolved.reason === 'ListenersNotResolved') return [];
  if (/there is no Secret /.test(resolved.message) && !knows(input, 'secrets')) return [];
  return [
    {
      path: 'spec.tls.backend.clientCertificateRef',
      message: resolved.message.replace(/^tls\.backend\.clientCertificateRef: /, ''),
      fix: 'Name a Secret of type kubernetes.io/tls beside the Gateway, or permit the reference with a ReferenceGrant.',
    },
  ];
}

function noAddress({ key, judged }: GatewaySubject, { read, facts }: Input): readonly Problem[] {
  const found = judged === undefined ? undefined : read(facts.gateways, key);
  if (found === undefined) return [];
  return [
    {
      path: 'spec.addresses',
      message: `nobody reaches the Gateway: ${found.noAddress.replace(/\.$/, '')}`,
      fix: 'Give the cluster something that assigns addresses to Services of type LoadBalancer, or have the Gateway use a Service of type ClusterIP or NodePort by its parameters.',
    },
  ];
}

function insecureClients({ judged }: GatewaySubject): readonly Problem[] {
  const insecure = conditionOf(judged?.conditions ?? [], 'InsecureFrontendValidationMode');
  if (insecure?.status !== true) return [];
  return [
    {
      path: 'spec.tls.frontend',
      message: insecure.message,
      fix: 'Set validation.mode: AllowValidOnly once all clients have certificates.',
    },
  ];
}

function admitsNoSets({ gateway }: GatewaySubject, input: Input): readonly Problem[] {
  const allowed = readNamespaces(gateway.spec.allowedListeners?.namespaces, gateway.namespace, 'None');
  if (allowed.from !== 'Selector' || !knows(input, 'namespaces')) return [];
  const all = input.read(input.derived.namespaces, 'all') ?? [];
  if (all.some(({ key, value }) => isAllowed(allowed, key, () => value))) return [];
  return [
    {
      path: 'spec.allowedListeners.namespaces.selector',
      message: 'no namespace has the labels that the Gateway takes ListenerSets from',
      fix: 'Label the namespaces of the ListenerSets, or correct the selector.',
    },
  ];
}

export const gatewayClassChecks: readonly Check<GatewayClassSubject>[] = [
  { code: 'WEFT-ANL-100', severity: 'error', find: classNotAccepted },
  { code: 'WEFT-ANL-101', severity: 'warning', find: otherRelease },
];

function classNotAccepted({ key }: GatewayClassSubject, { read, mesh }: Input): readonly Problem[] {
  const accepted = conditionOf(read(mesh.gateway.gatewayClassVerdicts, key)?.conditions ?? [], 'Accepted');
  if (accepted === undefined || accepted.status) return [];
  return [
    {
      path: 'spec.parametersRef',
      message: accepted.message.replace(/^spec\.parametersRef: /, ''),
      fix: 'Remove it, and name parameters in spec.infrastructure.parametersRef of each Gateway.',
    },
  ];
}

function otherRelease({ key }: GatewayClassSubject, input: Input): readonly Problem[] {
  const { conditions = [] } = input.read(input.mesh.gateway.gatewayClassVerdicts, key) ?? {};
  const supported = conditionOf(conditions, 'SupportedVersion');
  if (supported === undefined || supported.status || !knows(input, 'customresourcedefinitions')) return [];
  return [
    {
      path: '',
      message: supported.message,
      fix: 'Install the CustomResourceDefinitions of a supported release of Gateway API.',
    },
  ];
}
