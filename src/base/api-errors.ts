/**
 * What the schemas of Weft's kinds refuse, so that their codes stand in the one catalogue. Generated from crds/ by
 * `npm run codegen -- crds`: edit those files, never this one.
 */

import { defineErrors } from './errors.ts';

export const apiErrors = defineErrors({
  'WEFT-CRD-01': {
    title: 'The only object of this kind is named default.',
    remedy: 'Set metadata.name to default.',
  },
  'WEFT-CRD-02': {
    title:
      'A trust domain has lower-case letters, digits, dots, hyphens and underscores, and starts and ends with a letter or digit.',
    remedy: 'Write it like a DNS name, for example corp.example.',
  },
  'WEFT-CRD-03': {
    title: 'The trust domain is part of every identity in use and cannot be edited.',
    remedy:
      'To move to another one, delete the MeshConfig, create it anew, and restart all workloads of the mesh.',
  },
  'WEFT-CRD-04': {
    title: 'There is no such mutual TLS mode.',
    remedy: 'Write Strict, Permissive or Disabled.',
  },
  'WEFT-CRD-05': {
    title: 'There is no such outbound policy.',
    remedy: 'Write Allow or Deny.',
  },
  'WEFT-CRD-06': {
    title: 'This is not an address range.',
    remedy: 'Write it in CIDR form, for example 10.96.0.0/16 or fd00:10::/64.',
  },
  'WEFT-CRD-07': {
    title: 'This is not an image reference.',
    remedy: 'Write registry/repository:tag or registry/repository@sha256:digest.',
  },
  'WEFT-CRD-08': {
    title: 'There is no such pull policy.',
    remedy: 'Write Always, IfNotPresent or Never.',
  },
  'WEFT-CRD-09': {
    title: 'This is not a resource quantity above zero.',
    remedy: "Write it as in a container's resources, for example 100m of cpu or 64Mi of memory.",
  },
  'WEFT-CRD-10': {
    title: 'Envoy has no such log level.',
    remedy: 'Write trace, debug, info, warning, error, critical or off.',
  },
  'WEFT-CRD-11': {
    title: 'A sidecar runs 1 to 64 worker threads.',
    remedy: 'Write a number in that range.',
  },
  'WEFT-CRD-12': {
    title: 'A sidecar drains for 0 to 3600 seconds.',
    remedy: 'Write a number in that range.',
  },
  'WEFT-CRD-13': {
    title: 'The limit is below the request.',
    remedy: 'Raise the limit, or lower the request, which has a default.',
  },
  'WEFT-CRD-20': {
    title: 'A policy has targetRefs or a selector, not both.',
    remedy: 'Remove one of them, or write two policies.',
  },
  'WEFT-CRD-21': {
    title: 'A MutualTLSPolicy cannot attach to this kind.',
    remedy:
      'Write group "" with kind Service, group apps with kind Deployment, StatefulSet, DaemonSet or ReplicaSet, or group batch with kind Job.',
  },
  'WEFT-CRD-22': {
    title: 'An empty selector would mean every workload.',
    remedy: 'Name at least one label, or leave the selector out to mean the whole namespace.',
  },
  'WEFT-CRD-30': {
    title: 'This is not a duration, or is out of range.',
    remedy:
      'Write hours, minutes and seconds like 24h or 1h30m, from 24h to 262800h for the root, 24h to 87600h for the intermediate, 1h to 168h for workloads and 1h to 8760h for serving certificates.',
  },
  'WEFT-CRD-31': {
    title: 'A certificate cannot outlive the one that signs it.',
    remedy:
      'Make rootLifetime longer than intermediateLifetime, and that one longer than workloadLifetime and servingLifetime.',
  },
  'WEFT-CRD-40': {
    title: 'This can only be on or off.',
    remedy: 'Write On or Off.',
  },
  'WEFT-CRD-41': {
    title: 'A share is a percentage.',
    remedy: 'Write a number from 0 to 100.',
  },
  'WEFT-CRD-42': {
    title: 'This is not the name of a header.',
    remedy: 'Write lower-case letters, digits, hyphens and underscores, for example x-tenant.',
  },
  'WEFT-CRD-43': {
    title: 'A format is JSON or text, not both.',
    remedy: 'Remove one of them.',
  },
  'WEFT-CRD-44': {
    title:
      'The name of a field has letters, digits, dots, hyphens and underscores, and begins with a letter or underscore.',
    remedy: 'Write it like http.status or route_name.',
  },
  'WEFT-CRD-45': {
    title: 'There is no such class of answers.',
    remedy: 'Write 1xx, 2xx, 3xx, 4xx, 5xx or none.',
  },
  'WEFT-CRD-46': {
    title: 'This is not a duration.',
    remedy: 'Write hours, minutes, seconds or milliseconds, for example 250ms or 1m30s.',
  },
  'WEFT-CRD-47': {
    title: 'A tag has one value.',
    remedy: 'Write either literal or requestHeader.',
  },
  'WEFT-CRD-48': {
    title: 'A TelemetryPolicy cannot attach to this kind.',
    remedy:
      'Write group "" with kind Service, group apps with kind Deployment, StatefulSet, DaemonSet or ReplicaSet, group batch with kind Job, or group gateway.networking.k8s.io with kind Gateway, HTTPRoute or GRPCRoute.',
  },
  'WEFT-CRD-49': {
    title: 'Tapping can only be allowed or denied.',
    remedy: 'Write Allow or Deny.',
  },
  'WEFT-CRD-50': {
    title: 'This policy says nothing.',
    remedy: 'Write at least one of accessLog, tracing, metrics and tap.',
  },
  'WEFT-CRD-51': {
    title: 'A policy for routes says only how much of them is traced.',
    remedy:
      'Write tracing.samplingPercent and nothing else, and name other targets in a policy of their own.',
  },
  'WEFT-CRD-52': {
    title: 'A provider is reached by one way.',
    remedy: 'Write either service or address.',
  },
  'WEFT-CRD-53': {
    title: 'This is not a host and port.',
    remedy: 'Write them like otel.corp.example:4317, and an IPv6 address in brackets.',
  },
  'WEFT-CRD-54': {
    title: 'There is no such provider.',
    remedy: 'Add it to spec.telemetry.providers, or name one that is there.',
  },
  'WEFT-CRD-55': {
    title: 'Traces need somebody who takes them.',
    remedy: 'Write the name of a provider.',
  },
  'WEFT-CRD-56': {
    title: 'The name of a provider has lower-case letters, digits and hyphens.',
    remedy: 'Write it like collector.',
  },
  'WEFT-CRD-57': {
    title: 'OTLP is spoken over gRPC or HTTP.',
    remedy: 'Write GRPC or HTTP.',
  },
  'WEFT-CRD-58': {
    title: 'This is not a port.',
    remedy: 'Write a number from 1 to 65535.',
  },
});
