/** Envoy resources for tests of the xDS server, as small as Envoy accepts them. */

import type { ResourceRef } from '../../src/xds/resource.ts';
import { encode, type XdsFixture } from './xds-fixture.ts';

const ads = { ads: {}, resourceApiVersion: 'V3' };

export function need(kind: ResourceRef['kind'], name: string): ResourceRef {
  return { kind, name };
}

/** A cluster whose endpoints, of the same name, come by EDS. */
export function edsCluster(fixture: XdsFixture, name: string, connectTimeout = '1s'): void {
  const body = { name, type: 'EDS', connectTimeout, edsClusterConfig: { edsConfig: ads, serviceName: name } };
  fixture.put('cluster', name, body, [need('endpoints', name)]);
}

/** @param addresses as `<ip>:<port>` */
export function endpoints(fixture: XdsFixture, name: string, addresses: readonly string[]): void {
  fixture.put('endpoints', name, {
    clusterName: name,
    endpoints: [{ lbEndpoints: addresses.map(lbEndpoint) }],
  });
}

function lbEndpoint(destination: string) {
  const [address = '', port = ''] = destination.split(':');
  return { endpoint: { address: { socketAddress: { address, portValue: Number(port) } } } };
}

/** An internal listener that speaks HTTP by the routes of that name. */
export function httpListener(fixture: XdsFixture, name: string, route: string, statPrefix = 'test'): void {
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix,
    rds: { routeConfigName: route, configSource: ads },
    httpFilters: [
      {
        name: 'router',
        typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  const body = {
    name,
    internalListener: {},
    filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }],
  };
  fixture.put('listener', name, body, [need('route', route)]);
}

export function routes(fixture: XdsFixture, name: string, cluster: string, prefix = '/'): void {
  const virtualHosts = [{ name: 'all', domains: ['*'], routes: [{ match: { prefix }, route: { cluster } }] }];
  fixture.put('route', name, { name, virtualHosts }, [need('cluster', cluster)]);
}

/** An on-demand answer that leads into an internal listener. */
export function stub(
  fixture: XdsFixture,
  destination: string,
  listener: string,
  needs: readonly ResourceRef[],
): void {
  const name = `vip/${destination}`;
  const endpoint = { address: { envoyInternalAddress: { serverListenerName: listener } } };
  const body = {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint }] }] },
    transportSocket: {
      name: 'internal',
      typedConfig: {
        '@type':
          'type.googleapis.com/envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport',
        transportSocket: {
          name: 'raw',
          typedConfig: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
          },
        },
      },
    },
  };
  fixture.onDemand.set(name, encode('cluster', name, body, needs));
}

/** A listener on loopback whose connections go to the on-demand cluster of the address they came to. */
export function onDemandListener(fixture: XdsFixture, name: string, port: number): void {
  const filters = [
    {
      name: 'name',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.set_filter_state.v3.Config',
        onNewConnection: [
          {
            objectKey: 'envoy.tcp_proxy.cluster',
            formatString: { textFormatSource: { inlineString: 'vip/%DOWNSTREAM_LOCAL_ADDRESS%' } },
          },
        ],
      },
    },
    {
      name: 'tcp',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
        statPrefix: 'portal',
        cluster: 'none',
        onDemand: { odcdsConfig: ads, timeout: '4s' },
      },
    },
  ];
  const address = { socketAddress: { address: '127.0.0.1', portValue: port } };
  fixture.put('listener', name, { name, address, filterChains: [{ filters }] });
}
