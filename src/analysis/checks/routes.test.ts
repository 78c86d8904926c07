import { kinds, testChecks } from '../testing.ts';
import { routeActionChecks } from './route-actions.ts';
import { routeBackendChecks } from './route-backends.ts';
import { routeMatchChecks } from './route-matches.ts';
import { routeParentChecks } from './route-parents.ts';

const { route, service, gateway, policy } = kinds;
const toWeb = '{group: "", kind: Service, name: web}';
/** A route of Service web with these rules. */
const ofWeb = (rules: string): string => route(`{parentRefs: [${toWeb}], rules: ${rules}}`);
const toCatalog = 'backendRefs: [{name: catalog, port: 80}]';
const database = service(
  '{selector: {app: web}, clusterIP: 10.96.0.9, ports: [{name: tcp-db, port: 80, targetPort: 8080}]}',
);
const listener = (more: string): string =>
  `{gatewayClassName: weft, listeners: [{name: http, port: 80, protocol: HTTP${more}}]}`;
const ofGateway = (more = ''): string => `parentRefs: [{name: g}]${more}`;
const elsewhere = service('{clusterIP: 10.96.0.8, ports: [{name: http, port: 80}]}', 'web', 'other');
const backendElsewhere = route(
  `{${ofGateway()}, rules: [{backendRefs: [{name: web, namespace: other, port: 80}]}]}`,
);
const grant = route(
  '{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], to: [{group: "", kind: Service}]}',
  'ReferenceGrant',
  'g',
  'other',
);
const redirect = (of: string): string => `filters: [{type: RequestRedirect, requestRedirect: ${of}}]`;

testChecks(
  [...routeParentChecks, ...routeBackendChecks, ...routeMatchChecks, ...routeActionChecks],
  [
    {
      code: 'WEFT-ANL-01',
      when: 'the Service has no such port',
      hit: route(`{parentRefs: [{group: "", kind: Service, name: web, port: 81}], rules: [{${toCatalog}}]}`),
      at: 'HTTPRoute shop/r spec.parentRefs[0]',
      miss: route(`{parentRefs: [{group: "", kind: Service, name: web, port: 80}], rules: [{${toCatalog}}]}`),
    },
    {
      code: 'WEFT-ANL-01',
      when: 'there is no Gateway, of which nobody else would tell',
      hit: route(`{parentRefs: [{name: gone}], rules: [{${toCatalog}}]}`),
      at: 'HTTPRoute shop/r spec.parentRefs[0]',
      miss: `${gateway('{gatewayClassName: others, listeners: []}')}${route(`{parentRefs: [{name: g}], rules: [{${toCatalog}}]}`)}`,
    },
    {
      code: 'WEFT-ANL-02',
      when: 'the port is declared opaque',
      hit: `${database}${ofWeb(`[{${toCatalog}}]`)}`,
      at: 'HTTPRoute shop/r spec.parentRefs[0]',
      miss: `${database}${route(`{parentRefs: [${toWeb}], rules: [{${toCatalog}}]}`, 'TCPRoute')}`,
    },
    {
      code: 'WEFT-ANL-03',
      when: 'the listener takes no routes of the namespace',
      hit: `${gateway(listener(''))}${route('{parentRefs: [{name: g, namespace: shop}], rules: []}', 'HTTPRoute', 'r', 'other')}`,
      at: 'HTTPRoute other/r spec.parentRefs[0]',
      miss: `${gateway(listener(', allowedRoutes: {namespaces: {from: All}}'))}${route('{parentRefs: [{name: g, namespace: shop}], rules: []}', 'HTTPRoute', 'r', 'other')}`,
    },
    {
      code: 'WEFT-ANL-04',
      when: 'route and listener have no hostname in common',
      hit: `${gateway(listener(', hostname: "*.example.com"'))}${route(`{${ofGateway(', hostnames: [example.org]')}, rules: [{${toCatalog}}]}`)}`,
      at: 'HTTPRoute shop/r spec.parentRefs[0]',
      miss: `${gateway(listener(', hostname: "*.example.com"'))}${route(`{${ofGateway(', hostnames: [example.org, a.example.com]')}, rules: [{${toCatalog}}]}`)}`,
    },
    {
      code: 'WEFT-ANL-05',
      when: 'the only rule contradicts itself',
      hit: ofWeb(`[{timeouts: {request: 1s, backendRequest: 2s}, ${toCatalog}}]`),
      at: 'HTTPRoute shop/r spec.rules[0].timeouts.backendRequest',
      miss: ofWeb(`[{timeouts: {request: 2s, backendRequest: 1s}, ${toCatalog}}]`),
    },
    {
      code: 'WEFT-ANL-05',
      when: 'a UDPRoute is attached to a Service',
      hit: route(`{parentRefs: [${toWeb}], rules: [{${toCatalog}}]}`, 'UDPRoute'),
      at: 'UDPRoute shop/r spec.parentRefs[0]',
      miss: route(`{parentRefs: [${toWeb}], rules: [{${toCatalog}}]}`, 'TCPRoute'),
    },
    {
      code: 'WEFT-ANL-06',
      when: 'one of two rules cannot be read',
      hit: ofWeb(`[{${toCatalog}}, {matches: [{path: {value: api}}], ${toCatalog}}]`),
      at: 'HTTPRoute shop/r spec.rules[1].matches[0].path.value',
      miss: ofWeb(`[{${toCatalog}}, {matches: [{path: {value: /api}}], ${toCatalog}}]`),
    },
    {
      code: 'WEFT-ANL-07',
      when: 'a route of another kind holds at the port',
      hit: `${ofWeb(`[{${toCatalog}}]`)}${route(`{parentRefs: [${toWeb}], rules: [{${toCatalog}}]}`, 'GRPCRoute', 'calls')}`,
      at: 'HTTPRoute shop/r spec.parentRefs[0]',
      miss: `${ofWeb(`[{${toCatalog}}]`)}${route('{parentRefs: [{group: "", kind: Service, name: catalog}], rules: []}', 'GRPCRoute', 'calls')}`,
    },
    {
      code: 'WEFT-ANL-08',
      when: 'a route of a Service has hostnames',
      hit: route(`{parentRefs: [${toWeb}], hostnames: [a.example.com], rules: [{${toCatalog}}]}`),
      at: 'HTTPRoute shop/r spec.hostnames',
      miss: `${gateway(listener(''))}${route(`{${ofGateway(', hostnames: [a.example.com]')}, rules: [{${toCatalog}}]}`)}`,
    },
    {
      code: 'WEFT-ANL-10',
      when: 'the Service of a backend does not exist',
      hit: ofWeb('[{backendRefs: [{name: catalogue, port: 80}]}]'),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: ofWeb(`[{${toCatalog}}]`),
    },
    {
      code: 'WEFT-ANL-10',
      when: 'a mirror means a port that does not exist',
      hit: ofWeb(
        `[{${toCatalog}, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 8080}}}]}]`,
      ),
      at: 'HTTPRoute shop/r spec.rules[0].filters[0].requestMirror.backendRef',
      miss: ofWeb(
        `[{${toCatalog}, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}}]}]`,
      ),
    },
    {
      code: 'WEFT-ANL-10',
      when: 'the Service of a backend does not exist, whether or not the rule holds',
      hit: ofWeb(
        `[{matches: [{path: {type: RegularExpression, value: "("}}], backendRefs: [{name: gone, port: 80}]}]`,
      ),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: ofWeb(`[{matches: [{path: {type: RegularExpression, value: "("}}], ${toCatalog}}]`),
    },
    {
      code: 'WEFT-ANL-10',
      when: 'the Service is missing in a namespace that is known whole, not one of which nothing is known',
      hit: ofWeb('[{backendRefs: [{name: gone, port: 80}]}]'),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: ofWeb('[{backendRefs: [{name: gone, namespace: unknown, port: 80}]}]'),
      situation: { givenNamespaces: ['shop'] },
    },
    {
      code: 'WEFT-ANL-11',
      when: 'a backend is an alias in DNS',
      hit: `${service('{type: ExternalName, externalName: example.com}', 'alias')}${ofWeb('[{backendRefs: [{name: alias, port: 80}]}]')}`,
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: `${service('{type: ExternalName, externalName: example.com}', 'alias')}${ofWeb(`[{${toCatalog}}]`)}`,
    },
    {
      code: 'WEFT-ANL-12',
      when: 'a Gateway’s route uses another namespace without a grant',
      hit: `${elsewhere}${gateway(listener(''))}${backendElsewhere}`,
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: `${elsewhere}${gateway(listener(''))}${backendElsewhere}${grant}`,
    },
    {
      code: 'WEFT-ANL-12',
      when: 'it is a Gateway that carries the route out, not the mesh',
      hit: `${elsewhere}${gateway(listener(''))}${backendElsewhere}`,
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: `${elsewhere}${ofWeb('[{backendRefs: [{name: web, namespace: other, port: 80}]}]')}`,
    },
    {
      code: 'WEFT-ANL-13',
      when: 'a backend is no Service',
      hit: ofWeb('[{backendRefs: [{group: example.com, kind: Bucket, name: files}]}]'),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: ofWeb('[{backendRefs: [{group: "", kind: Service, name: catalog, port: 80}]}]'),
    },
    {
      code: 'WEFT-ANL-14',
      when: 'all weights are 0',
      hit: ofWeb('[{backendRefs: [{name: catalog, port: 80, weight: 0}]}]'),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs',
      miss: ofWeb(
        `[{backendRefs: [{name: catalog, port: 80, weight: 1}, {name: web, port: 80, weight: 0}]}, {matches: [{path: {value: /old}}], ${redirect('{hostname: example.com}')}}]`,
      ),
    },
    {
      code: 'WEFT-ANL-15',
      when: 'nothing stands behind a backend that gets requests',
      hit: `${service('{selector: {app: none}, ports: [{name: http, port: 80}]}', 'empty')}${ofWeb('[{backendRefs: [{name: empty, port: 80}]}]')}`,
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: `${service('{selector: {app: none}, ports: [{name: http, port: 80}]}', 'empty')}${ofWeb('[{backendRefs: [{name: catalog, port: 80}, {name: empty, port: 80, weight: 0}]}]')}`,
    },
    {
      code: 'WEFT-ANL-16',
      when: 'a Gateway of another class leads to a Strict workload',
      hit: `${policy('{mode: Strict}')}${route('{controllerName: example.com/other}', 'GatewayClass', 'other')}${gateway('{gatewayClassName: other, listeners: []}')}${route(`{${ofGateway()}, rules: [{${toCatalog}}]}`)}`.replace(
        'kind: GatewayClass\nmetadata: {name: other, namespace: shop}',
        'kind: GatewayClass\nmetadata: {name: other}',
      ),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[0]',
      miss: `${policy('{mode: Strict}')}${gateway(listener(''))}${route(`{${ofGateway()}, rules: [{${toCatalog}}]}`)}`,
    },
    {
      code: 'WEFT-ANL-20',
      when: 'a rule repeats the match of one before it',
      hit: ofWeb(
        `[{matches: [{path: {value: /a}}], ${toCatalog}}, {matches: [{path: {value: /a/}}], ${toCatalog}}]`,
      ),
      at: 'HTTPRoute shop/r spec.rules[1].matches[0]',
      miss: ofWeb(
        `[{matches: [{path: {value: /a}}], ${toCatalog}}, {matches: [{path: {value: /a}, method: GET}], ${toCatalog}}, {matches: [{path: {type: Exact, value: /a}}], ${toCatalog}}]`,
      ),
    },
    {
      code: 'WEFT-ANL-20',
      when: 'a regular expression takes every path before the prefixes',
      hit: ofWeb(
        `[{matches: [{path: {value: /a}}], ${toCatalog}}, {matches: [{path: {type: RegularExpression, value: "/.*"}}], ${toCatalog}}]`,
      ),
      at: 'HTTPRoute shop/r spec.rules[0].matches[0]',
      miss: ofWeb(
        `[{matches: [{path: {type: Exact, value: /a}}], ${toCatalog}}, {matches: [{path: {type: RegularExpression, value: "/.*"}}], ${toCatalog}}]`,
      ),
    },
    {
      code: 'WEFT-ANL-21',
      when: 'another route of the Service has the same match and comes first',
      hit: `${ofWeb(`[{${toCatalog}}]`)}${route(`{parentRefs: [${toWeb}], rules: [{${toCatalog}}]}`, 'HTTPRoute', 'a')}`,
      at: 'HTTPRoute shop/r spec.rules[0].matches[0]',
      miss: `${ofWeb(`[{${toCatalog}}]`)}${route(`{parentRefs: [{group: "", kind: Service, name: catalog}], rules: [{${toCatalog}}]}`, 'HTTPRoute', 'a')}`,
    },
    {
      code: 'WEFT-ANL-21',
      when: 'two routes of a Gateway have the same hostname and match',
      hit: `${gateway(listener(''))}${['a', 'r'].map((name) => route(`{${ofGateway(', hostnames: [a.example.com]')}, rules: [{${toCatalog}}]}`, 'HTTPRoute', name)).join('')}`,
      at: 'HTTPRoute shop/r spec.rules[0].matches[0]',
      miss: `${gateway(listener(''))}${['a', 'r'].map((name) => route(`{${ofGateway(`, hostnames: [${name}.example.com]`)}, rules: [{${toCatalog}}]}`, 'HTTPRoute', name)).join('')}`,
    },
    {
      code: 'WEFT-ANL-21',
      when: 'routes compete for the same clients, not where one is for clients of its own namespace',
      hit: `${ofWeb(`[{${toCatalog}}]`)}${route(`{parentRefs: [${toWeb}], rules: [{${toCatalog}}]}`, 'HTTPRoute', 'a')}`,
      at: 'HTTPRoute shop/r spec.rules[0].matches[0]',
      miss: `${ofWeb(`[{${toCatalog}}]`)}${route('{parentRefs: [{group: "", kind: Service, name: web, namespace: shop}], rules: [{backendRefs: [{name: catalog, namespace: shop, port: 80}]}]}', 'HTTPRoute', 'a', 'other')}`,
    },
    {
      code: 'WEFT-ANL-22',
      when: 'POST is retried by code',
      hit: ofWeb(`[{matches: [{method: POST}], retry: {codes: [503]}, ${toCatalog}}]`),
      at: 'HTTPRoute shop/r spec.rules[0].retry',
      miss: ofWeb(
        `[{matches: [{method: POST}], retry: {attempts: 2}, ${toCatalog}}, {matches: [{method: GET}], retry: {codes: [503]}, ${toCatalog}}]`,
      ),
    },
    {
      code: 'WEFT-ANL-23',
      when: 'one try may take all the time',
      hit: ofWeb(`[{retry: {attempts: 1}, timeouts: {request: 2s, backendRequest: 2s}, ${toCatalog}}]`),
      at: 'HTTPRoute shop/r spec.rules[0].timeouts.backendRequest',
      miss: ofWeb(`[{retry: {attempts: 1}, timeouts: {request: 2s, backendRequest: 1s}, ${toCatalog}}]`),
    },
    {
      code: 'WEFT-ANL-24',
      when: 'the copy goes to the backend itself',
      hit: ofWeb(
        `[{${toCatalog}, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: catalog, port: 80}}}]}]`,
      ),
      at: 'HTTPRoute shop/r spec.rules[0].filters[0].requestMirror.backendRef',
      miss: ofWeb(
        `[{${toCatalog}, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}}]}]`,
      ),
    },
    {
      code: 'WEFT-ANL-25',
      when: 'a redirect leads below the prefix that it comes from',
      hit: ofWeb(
        `[{matches: [{path: {value: /a}}], ${redirect('{path: {type: ReplacePrefixMatch, replacePrefixMatch: /a/b}}')}}]`,
      ),
      at: 'HTTPRoute shop/r spec.rules[0].filters',
      miss: ofWeb(
        `[{matches: [{path: {value: /a}}], ${redirect('{path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}}')}}]`,
      ),
    },
    {
      code: 'WEFT-ANL-25',
      when: 'an HTTP listener redirects to HTTP',
      hit: `${gateway(listener(''))}${route(`{${ofGateway()}, rules: [{${redirect('{scheme: http}')}}]}`)}`,
      at: 'HTTPRoute shop/r spec.rules[0].filters',
      miss: `${gateway(listener(''))}${route(`{${ofGateway()}, rules: [{${redirect('{scheme: https}')}}]}`)}`,
    },
    {
      code: 'WEFT-ANL-26',
      when: 'the same backend stands twice',
      hit: ofWeb(
        '[{backendRefs: [{name: catalog, port: 80, weight: 9}, {name: catalog, port: 80, weight: 1}]}]',
      ),
      at: 'HTTPRoute shop/r spec.rules[0].backendRefs[1]',
      miss: ofWeb(
        '[{backendRefs: [{name: catalog, port: 80, weight: 9}, {name: web, port: 80, weight: 1}]}]',
      ),
    },
  ],
);
