/** The part of the composition root that is about live requests: from the logs of proxies to the API. */

import type { Clock } from './base/clock.ts';
import type { Logger } from './base/log.ts';
import { tapLogMethod } from './base/tap.ts';
import type { Peers, Replica } from './dashboard/peers.ts';
import type { Collection } from './graph/types.ts';
import type { Destination, MeshPod, TelemetryProfile } from './mesh/model.ts';
import { ControlPort } from './telemetry/control-port.ts';
import { Ends } from './telemetry/ends.ts';
import type { TapSpec } from './telemetry/tap-filter.ts';
import { TapHub } from './telemetry/tap-hub.ts';
import { tapIntake, type TapIntakeOptions } from './telemetry/tap-intake.ts';
import { TapSwitch } from './telemetry/tap-switch.ts';
import { type PeerLine, Taps } from './telemetry/taps.ts';
import type { StreamMethod } from './xds/server/server.ts';

export interface LiveRequestsOptions {
  readonly pods: Collection<MeshPod>;
  readonly destinations: Collection<Destination>;
  /** By workload. */
  readonly profiles: Collection<TelemetryProfile>;
  readonly trustDomain: () => string;
  /** Of the control plane, PEM. */
  readonly tls: () => { readonly key: string; readonly cert: string; readonly ca: string };
  readonly identify: TapIntakeOptions['identify'];
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LiveRequests {
  readonly controlPort: ControlPort;
  /** Methods of the xDS port. */
  readonly streams: ReadonlyMap<string, StreamMethod>;
  /** What one may ask, once the other replicas can be. */
  readonly taps: (peers: Pick<Peers, 'others' | 'stream'>) => Taps<Replica>;
}

export function createLiveRequests(options: LiveRequestsOptions): LiveRequests {
  const { pods, destinations, trustDomain, identify, clock, log, tls } = options;
  const controlPort = new ControlPort({ tls });
  const power = new TapSwitch({ controlPort, trustDomain, log });
  const hub = new TapHub({ pods, clock, switchOff: (pod) => void power.off(pod) });
  const names = {
    ends: new Ends(),
    pod: (key: string) => pods.get(key),
    podAt: byAddress(pods),
    serviceAt: (address: string) => {
      const destination = destinations.get(address);
      return destination?.kind === 'service' ? destination.servicePort : undefined;
    },
    trustDomain,
  };
  return {
    controlPort,
    streams: new Map([[tapLogMethod, tapIntake({ hub, names, identify })]]),
    taps: (peers) =>
      new Taps({
        hub,
        power,
        pods,
        denies: ({ workload }) => options.profiles.get(workload)?.tap === false,
        others: () => peers.others(),
        follow: (replica, spec: TapSpec, signal) =>
          peers.stream<PeerLine>(replica, 'tap', {
            query: new URLSearchParams({ spec: JSON.stringify(spec) }),
            signal,
          }),
        clock,
      }),
  };
}

/** Only made while somebody looks, and anew when pods have changed. */
function byAddress(pods: Collection<MeshPod>): (address: string) => MeshPod | undefined {
  let known: Map<string, MeshPod> | undefined;
  pods.subscribe(() => {
    known = undefined;
  });
  return (address) => {
    known ??= new Map(
      [...pods.entries()].flatMap(([, pod]) => pod.addresses.map((own) => [own, pod] as const)),
    );
    return known.get(address);
  };
}
