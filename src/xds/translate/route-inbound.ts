/** Routes of the inbound side: all requests go to the application, whatever their host or path. */

import { inboundAppCluster } from '../../base/names.ts';
import { duration } from './encode.ts';
import type { Routes } from './network-filters.ts';

/** Inline, since nothing in it depends on the cluster's state. */
export function inboundRoutes(): Routes {
  return {
    case: 'routeConfig',
    value: {
      name: 'inbound',
      virtualHosts: [
        {
          name: 'application',
          domains: ['*'],
          routes: [
            {
              match: { pathSpecifier: { case: 'prefix', value: '/' } },
              action: {
                case: 'route',
                value: {
                  clusterSpecifier: { case: 'cluster', value: inboundAppCluster },
                  timeout: duration(0),
                  // The application closed an idle connection just as it was to be used again: nothing was sent on it.
                  retryPolicy: { retryOn: 'reset-before-request', numRetries: 1 },
                },
              },
            },
          ],
        },
      ],
    },
  };
}
