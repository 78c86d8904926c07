import { stringify } from 'yaml';
import { certificateFor, tlsSecret } from '../../mesh/gateways/testing.ts';
import { kinds, testChecks } from '../testing.ts';
import { backendTLSChecks } from './backend-tls.ts';
import { certificateChecks } from './certificates.ts';
import { gatewayChecks, gatewayClassChecks } from './gateways.ts';
import { grantChecks } from './grants.ts';
import { listenerSetChecks } from './listener-sets.ts';

const { gateway, route, namespace } = kinds;
const withListeners = (listeners: string, more = ''): string =>
  gateway(`{gatewayClassName: weft, listeners: ${listeners}${more}}`);
const http = '{name: http, port: 80, protocol: HTTP}';
const https = (more: string): string =>
  `{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: shop}]}${more}}`;
const secret = (name: string, ...dnsNames: readonly string[]): string =>
  `${stringify({ apiVersion: 'v1', ...tlsSecret(`shop/${name}`, certificateFor(...dnsNames)) })}---\n`;
const shopSecret = secret('shop', 'shop.example.com');
const toCatalog = 'rules: [{backendRefs: [{name: catalog, port: 80}]}]';
const gatewayClass = (name: string, spec: string): string =>
  `apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: ${name}}\nspec: ${spec}\n---\n`;
const release = (version: string): string =>
  `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gatewayclasses.gateway.networking.k8s.io, annotations: {gateway.networking.k8s.io/bundle-version: ${version}}}\n---\n`;
const set = (spec: string): string => route(spec, 'ListenerSet', 's');
const grant = (kind: string): string =>
  route(
    `{from: [{group: gateway.networking.k8s.io, kind: ${kind}, namespace: other}], to: [{group: "", kind: Service, name: catalog}]}`,
    'ReferenceGrant',
    'g',
  );
const fromOther = route(
  '{parentRefs: [{name: g, namespace: shop}], rules: [{backendRefs: [{name: catalog, namespace: shop, port: 80}]}]}',
  'HTTPRoute',
  'r',
  'other',
);
const backendTLS = (target: string, validation: string): string =>
  route(`{targetRefs: [${target}], validation: ${validation}}`, 'BackendTLSPolicy', 'b');
const catalogTarget = '{group: "", kind: Service, name: catalog}';
const system = '{hostname: catalog, wellKnownCACertificates: System}';
const served = `${withListeners(`[${http}]`)}${route(`{parentRefs: [{name: g}], ${toCatalog}}`)}`;
/** Certificates of tests end with the year 2035. */
const on = (date: string): { readonly nowMs: number } => ({ nowMs: Date.parse(date) });

testChecks(
  [
    ...gatewayChecks,
    ...gatewayClassChecks,
    ...certificateChecks,
    ...listenerSetChecks,
    ...backendTLSChecks,
    ...grantChecks,
  ],
  [
    {
      code: 'WEFT-ANL-90',
      when: 'there is no such class',
      hit: gateway('{gatewayClassName: wefd, listeners: []}'),
      at: 'Gateway shop/g spec.gatewayClassName',
      miss: `${gatewayClass('wefd', '{controllerName: example.com/other}')}${gateway('{gatewayClassName: wefd, listeners: []}')}`,
    },
    {
      code: 'WEFT-ANL-91',
      when: 'it asks for an address by name',
      hit: withListeners(`[${http}]`, ', addresses: [{type: Hostname, value: example.com}]'),
      at: 'Gateway shop/g spec.addresses',
      miss: withListeners(`[${http}]`, ', addresses: [{type: IPAddress, value: 192.0.2.1}]'),
    },
    {
      code: 'WEFT-ANL-92',
      when: 'two listeners cannot be told apart',
      hit: withListeners(`[${http}, {name: again, port: 80, protocol: HTTP}]`),
      at: 'Gateway shop/g spec.listeners[1]',
      miss: withListeners(`[${http}, {name: again, port: 80, protocol: HTTP, hostname: a.example.com}]`),
    },
    {
      code: 'WEFT-ANL-92',
      when: 'a listener of a ListenerSet meets one of its Gateway',
      hit: `${withListeners(`[${http}]`, ', allowedListeners: {namespaces: {from: Same}}')}${set(`{parentRef: {name: g}, listeners: [${http}]}`)}`,
      at: 'ListenerSet shop/s spec.listeners[0]',
      miss: `${withListeners(`[${http}]`, ', allowedListeners: {namespaces: {from: Same}}')}${set('{parentRef: {name: g}, listeners: [{name: http, port: 81, protocol: HTTP}]}')}`,
    },
    {
      code: 'WEFT-ANL-93',
      when: 'the Secret of a certificate is missing',
      hit: withListeners(`[${https('')}]`),
      at: 'Gateway shop/g spec.listeners[0].tls',
      miss: `${shopSecret}${withListeners(`[${https('')}]`)}`,
    },
    {
      code: 'WEFT-ANL-93',
      when: 'all Secrets are known',
      hit: withListeners('[{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: TCPRoute}]}}]'),
      at: 'Gateway shop/g spec.listeners[0].allowedRoutes.kinds',
      miss: withListeners(`[${https('')}]`),
      situation: { unknownKinds: ['secrets'] },
    },
    {
      code: 'WEFT-ANL-94',
      when: 'the certificate for backends is missing',
      hit: withListeners(`[${http}]`, ', tls: {backend: {clientCertificateRef: {name: gone}}}'),
      at: 'Gateway shop/g spec.tls.backend.clientCertificateRef',
      miss: `${shopSecret}${withListeners(`[${http}]`, ', tls: {backend: {clientCertificateRef: {name: shop}}}')}`,
    },
    {
      code: 'WEFT-ANL-95',
      when: 'nothing is attached to a listener',
      hit: withListeners(`[${http}]`),
      at: 'Gateway shop/g spec.listeners[0]',
      miss: served,
    },
    {
      code: 'WEFT-ANL-96',
      when: 'no namespace is selected',
      hit: withListeners(
        '[{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}]',
      ),
      at: 'Gateway shop/g spec.listeners[0].allowedRoutes.namespaces.selector',
      miss: `${namespace('{name: blog, labels: {team: a}}')}${withListeners('[{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}]')}`,
    },
    {
      code: 'WEFT-ANL-97',
      when: 'the certificate of one listener is good for another',
      hit: `${secret('shop', '*.example.com')}${withListeners(`[${https(', hostname: a.example.com')}, {name: two, port: 443, protocol: HTTPS, hostname: b.example.com, tls: {certificateRefs: [{name: shop}]}}]`)}`,
      at: 'Gateway shop/g spec.listeners[0].tls',
      miss: `${secret('shop', 'a.example.com')}${secret('two', 'b.example.com')}${withListeners(`[${https(', hostname: a.example.com')}, {name: two, port: 443, protocol: HTTPS, hostname: b.example.com, tls: {certificateRefs: [{name: two}]}}]`)}`,
    },
    {
      code: 'WEFT-ANL-98',
      when: 'clients with wrong certificates are let in',
      hit: `${shopSecret}${withListeners(`[${https('')}]`, ', tls: {frontend: {default: {validation: {mode: AllowInsecureFallback, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}}}}')}`,
      at: 'Gateway shop/g spec.tls.frontend',
      miss: `${shopSecret}${withListeners(`[${https('')}]`, ', tls: {frontend: {default: {validation: {mode: AllowValidOnly, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}}}}')}`,
    },
    {
      code: 'WEFT-ANL-99',
      when: 'ListenerSets of no namespace may take part',
      hit: withListeners(
        `[${http}]`,
        ', allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}',
      ),
      at: 'Gateway shop/g spec.allowedListeners.namespaces.selector',
      miss: withListeners(`[${http}]`, ', allowedListeners: {namespaces: {from: Same}}'),
    },
    {
      code: 'WEFT-ANL-109',
      when: 'its Service gets no address',
      hit: withListeners(`[${http}]`).replace(
        '---',
        'status: {conditions: [{type: Programmed, status: "False", reason: AddressNotAssigned, message: The Service of the Gateway has no address yet.}]}\n---',
      ),
      at: 'Gateway shop/g spec.addresses',
      miss: withListeners(`[${http}]`).replace(
        '---',
        'status: {conditions: [{type: Programmed, status: "False", reason: Pending, message: No proxy is ready.}]}\n---',
      ),
    },
    {
      code: 'WEFT-ANL-100',
      when: 'a class has parameters',
      hit: gatewayClass(
        'weft',
        '{controllerName: weft.dev/mesh, parametersRef: {group: "", kind: ConfigMap, name: p}}',
      ),
      at: 'GatewayClass weft spec.parametersRef',
      miss: gatewayClass(
        'other',
        '{controllerName: example.com/other, parametersRef: {group: "", kind: ConfigMap, name: p}}',
      ),
    },
    {
      code: 'WEFT-ANL-101',
      when: 'Gateway API is of another release',
      hit: release('v1.2.0'),
      at: 'GatewayClass weft',
      miss: release('v1.5.1'),
    },
    {
      code: 'WEFT-ANL-102',
      when: 'a certificate has expired',
      hit: `${shopSecret}${withListeners(`[${https('')}]`)}`,
      at: 'Gateway shop/g spec.listeners[0].tls.certificateRefs',
      miss: `${shopSecret}${withListeners(`[${https('')}]`)}`,
      situation: on('2036-01-01'),
      missSituation: on('2035-12-31'),
    },
    {
      code: 'WEFT-ANL-103',
      when: 'a certificate expires within days',
      hit: `${shopSecret}${withListeners(`[${https('')}]`)}`,
      at: 'Gateway shop/g spec.listeners[0].tls.certificateRefs',
      miss: `${shopSecret}${withListeners(`[${https('')}]`)}`,
      situation: on('2035-12-20'),
      missSituation: on('2035-12-17'),
    },
    {
      code: 'WEFT-ANL-104',
      when: 'a certificate has other names',
      hit: `${shopSecret}${withListeners(`[${https(', hostname: a.shop.example.com')}]`)}`,
      at: 'Gateway shop/g spec.listeners[0].tls.certificateRefs',
      miss: `${secret('shop', '*.example.com')}${withListeners(`[${https(', hostname: shop.example.com')}, {name: wide, port: 8443, protocol: HTTPS, hostname: "*.example.com", tls: {certificateRefs: [{name: shop}]}}]`)}`,
    },
    {
      code: 'WEFT-ANL-105',
      when: 'the Gateway takes no ListenerSets',
      hit: `${withListeners(`[${http}]`)}${set('{parentRef: {name: g}, listeners: [{name: a, port: 81, protocol: HTTP}]}')}`,
      at: 'ListenerSet shop/s spec.parentRef',
      miss: `${withListeners(`[${http}]`, ', allowedListeners: {namespaces: {from: All}}')}${set('{parentRef: {name: g}, listeners: [{name: a, port: 81, protocol: HTTP}]}')}`,
    },
    {
      code: 'WEFT-ANL-106',
      when: 'the Service has no port of that name',
      hit: backendTLS('{group: "", kind: Service, name: catalog, sectionName: https}', system),
      at: 'BackendTLSPolicy shop/b spec.targetRefs[0]',
      miss: backendTLS('{group: "", kind: Service, name: catalog, sectionName: http}', system),
    },
    {
      code: 'WEFT-ANL-107',
      when: 'the authorities are missing',
      hit: `${served}${backendTLS(catalogTarget, '{hostname: catalog, caCertificateRefs: [{group: "", kind: ConfigMap, name: gone}]}')}`,
      at: 'BackendTLSPolicy shop/b spec.validation',
      miss: `${served}${backendTLS(catalogTarget, system)}`,
    },
    {
      code: 'WEFT-ANL-108',
      when: 'no route uses what is permitted',
      hit: `${grant('GRPCRoute')}${fromOther}`,
      at: 'ReferenceGrant shop/g spec.from[0]',
      miss: `${grant('HTTPRoute')}${fromOther}`,
    },
  ],
);
