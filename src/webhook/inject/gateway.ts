/**
 * The pod of a gateway: the same Envoy, bootstrap and identity as beside a workload, but as the pod's own container,
 * with nothing redirected to it. Its listeners bind the ports that clients call.
 */

import { createHash } from 'node:crypto';
import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { JsonObject } from '../../base/json.ts';
import { gatewayNameLabel, settingPrefix } from '../../base/names.ts';
import { adminVolumeSource, sidecar } from './containers.ts';
import { identityVolumeSource } from './identity.ts';
import type { PreparedInjection } from './inject.ts';
import { parseQuantity } from './quantity.ts';
import { gatewayResource } from './resource.ts';
import { scrapingOf } from './scraping.ts';
import { readPodSettings } from './settings.ts';
import { proxyUser } from './user.ts';

export interface GatewayPod {
  /** Names and versions the proxy, and holds what its identity volume projects. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: V1PodSpec;
}

/**
 * `own` are the Gateway's settings, as annotations of a pod are written but without their prefix. `uid` is that of the
 * Gateway: what must be the same in all its pods, and for ever, follows from it. Throws WeftError WEFT-POD-09 where a
 * setting is impossible.
 */
export function gatewayPod(
  prepared: PreparedInjection,
  own: Readonly<Record<string, string>>,
  uid: string,
): GatewayPod {
  const annotations = Object.entries(own).map(([name, text]) => [settingPrefix + name, text] as const);
  const { settings: defaults } = prepared;
  const proxy = readPodSettings(Object.fromEntries(annotations), {
    ...defaults,
    drainSeconds: Math.max(defaults.drainSeconds, gatewayDrainSeconds),
  });
  const drainPath = `/drain/${createHash('sha256').update(`gateway ${uid}`).digest('hex').slice(0, 32)}`;
  const limitBytes = proxy.memoryLimit === undefined ? undefined : parseQuantity(proxy.memoryLimit);
  const { text } = prepared.bootstrap({
    clusters: [],
    routes: [drainRoute(drainPath, proxy.drainSeconds)],
    filters: [delayFilter],
    ...(limitBytes === undefined ? {} : { maxHeapBytes: Math.floor(limitBytes * 0.8) }),
  });
  const { restartPolicy: _, ...container } = sidecar(proxy, text, {
    drainPath,
    proxyUser: proxyUser(drainPath),
    resource: gatewayResource(gatewayNameLabel),
  });
  return {
    annotations: { ...scrapingOf({}, proxy.scrape), ...prepared.annotations },
    spec: {
      automountServiceAccountToken: false,
      containers: [container satisfies V1Container],
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        // Listeners bind whatever port a Gateway names, also below 1024, without root and without a capability.
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      },
      // The drain, and some time for Envoy itself to end.
      terminationGracePeriodSeconds: proxy.drainSeconds + 15,
      volumes: [identityVolumeSource(prepared.context), adminVolumeSource()],
    },
  };
}

/** Load balancers outside the cluster learn later than kube-proxy that a pod goes. */
const gatewayDrainSeconds = 10;

const fault = 'envoy.filters.http.fault';
const faultType = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const lua = 'envoy.filters.http.lua';

/** Delays nothing by itself. */
const delayFilter: JsonObject = { name: fault, typed_config: { '@type': faultType } };

/**
 * Starts the drain, and answers the kubelet only when it is over: nothing runs beside this container whose end would be
 * waited for, so the hook itself has to last until clients and load balancers have gone elsewhere. Meanwhile new
 * connections are still served, and each open one is told to close with its next response.
 */
const drainCode = `function envoy_on_request(handle)
  handle:httpCall("admin", {
    [":method"] = "POST", [":path"] = "/drain_listeners?graceful&skip_exit",
    [":authority"] = "admin", ["content-length"] = "0"
  }, "", 2000)
end`;

function drainRoute(path: string, seconds: number): JsonObject {
  return {
    match: { path },
    direct_response: { status: 200 },
    typed_per_filter_config: {
      [lua]: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute',
        source_code: { inline_string: drainCode },
      },
      ...(seconds === 0
        ? {}
        : {
            [fault]: {
              '@type': faultType,
              delay: { fixed_delay: `${seconds}s`, percentage: { numerator: 100 } },
            },
          }),
    },
  };
}
