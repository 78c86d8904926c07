/** What carries routes out, by the names of the mesh model: for whoever asks how far a route has come. */

import { destinationKey } from '../../mesh/addresses.ts';
import { listenerRoutes, portName } from './gateway-names.ts';
import { addressListener, serviceName, variantKey } from './names.ts';

export const carrierNames = {
  table: serviceName,
  address: (address: string, port: number, clientNamespace: string | undefined): string =>
    addressListener(variantKey(destinationKey(address, port), clientNamespace)),
  port: portName,
  https: listenerRoutes,
};
