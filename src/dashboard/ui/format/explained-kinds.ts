/** The kinds that the control plane explains; a test compares them with its own list. */

export const explainedKinds = [
  'service',
  'endpointslice',
  'pod',
  'gatewayclass',
  'gateway',
  'listenerset',
  'httproute',
  'grpcroute',
  'tlsroute',
  'tcproute',
  'udproute',
  'referencegrant',
  'backendtlspolicy',
  'xbackendtrafficpolicy',
  'secret',
  'configmap',
  'meshconfig',
  'mutualtlspolicy',
  'telemetrypolicy',
] as const;
