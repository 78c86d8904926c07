/**
 * RouteConfigurations: `svc/<namespace>/<service>:<port>` for everyone, kept with `@<namespace>` behind for clients
 * that have consumer routes and sent to them without, and `pod/<ip>:<port>` for a pod called by its own address. The address that was
 * called has already chosen the Service, so there is one virtual host, whatever the Host header says.
 */

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteRule, RouteTable } from '../../mesh/model.ts';
import { RouteConfigurationSchema } from '../proto/envoy/config/route/v3/route_pb.js';
import type { RouteSchema } from '../proto/envoy/config/route/v3/route_components_pb.js';
import type { EncodedResource } from '../resource.ts';
import { plainAction } from './actions.ts';
import { encodeResource } from './encode.ts';
import { notSentHeader, serviceName, variantKey } from './names.ts';
import { referencedClusters } from './plan.ts';
import { safeRetries } from './retries.ts';
import { ruleRoutes } from './rule-routes.ts';

type Route = MessageInitShape<typeof RouteSchema>;

/** Rules become routes in the order of the table, which is that of precedence; what matches none is answered 404. */
export function serviceRoutes(
  table: RouteTable,
  samplingOf: (rule: RouteRule) => number | undefined,
): EncodedResource {
  const name = serviceName(table.servicePort);
  const port = Number(table.servicePort.slice(table.servicePort.lastIndexOf(':') + 1));
  const routes = table.rules.flatMap((rule) => ruleRoutes(rule, { scheme: 'http', port }, samplingOf(rule)));
  const clusters = [...new Set(referencedClusters(table.rules))].sort();
  return configuration(variantKey(name, table.clientNamespace), name, routes, clusters);
}

/** Everything to the pod. */
export function podRoutes(name: string): EncodedResource {
  const match = { pathSpecifier: { case: 'prefix', value: '/' } } as const;
  return configuration(name, name, [{ match, action: plainAction(name) }], [name]);
}

/** `key` is what the resource is kept by, `name` what it is sent as. */
function configuration(
  key: string,
  name: string,
  routes: Route[],
  clusters: readonly string[],
): EncodedResource {
  return encodeResource(
    key,
    RouteConfigurationSchema,
    {
      name,
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes,
          retryPolicy: safeRetries,
          responseHeadersToRemove: [notSentHeader],
        },
      ],
    },
    clusters.map((cluster) => ({ kind: 'cluster', name: cluster })),
  );
}
