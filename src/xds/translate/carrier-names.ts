/** What carries routes out, by the names of the mesh model: for whoever asks how far a route has come. */

import { destinationKey } from '../../mesh/addresses.ts';
import { listenerRoutes, portName } from './gateway-names.ts';
import { addressListener, serviceName } from './names.ts';

export const carrierNames = {
  table: serviceName,
  address: (address: string, port: number): string => addressListener(destinationKey(address, port)),
  port: portName,
  https: listenerRoutes,
};
