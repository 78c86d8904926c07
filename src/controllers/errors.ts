/** What can be wrong about running a gateway. One code, one page in docs/errors. */

import { defineErrors } from '../base/errors.ts';

export const gatewayErrors = defineErrors({
  'WEFT-GW-01': {
    title: 'The parameters of a Gateway are unknown, impossible, or contradict each other.',
    remedy: 'Correct the ConfigMap; docs/kinds/gateway-parameters.md lists every setting.',
  },
  'WEFT-GW-02': {
    title: 'The parameters that a Gateway names do not exist.',
    remedy:
      'Name a ConfigMap in the namespace of the Gateway, with a setting of docs/kinds/gateway-parameters.md, or leave out parametersRef.',
  },
  'WEFT-GW-03': {
    title: 'An object with the name of one that the Gateway needs exists, and is not of this Gateway.',
    remedy: 'Rename or delete that object, or give the Gateway another name.',
  },
  'WEFT-GW-04': {
    title: 'What runs the Gateway could not be written.',
    remedy: 'The reason is what the API server answered; Weft goes on trying.',
  },
});
