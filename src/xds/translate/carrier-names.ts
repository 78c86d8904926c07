/** What carries routes out, by the names of the mesh model: for whoever asks how far a route has come. */

import { listenerRoutes, portName } from './gateway-names.ts';
import { splitProfile } from './profiles.ts';
import { addressListener, inboundListener, serviceName } from './names.ts';

export const carrierNames = {
  table: serviceName,
  destination: addressListener,
  inbound: inboundListener,
  variantOf: (listener: string): string | undefined => {
    const [base, profile] = splitProfile(listener);
    return profile === '' ? undefined : base;
  },
  port: portName,
  https: listenerRoutes,
};
