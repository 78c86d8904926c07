/**
 * The HTTP API that the weft command, the web page and other programs share. It is an aggregated API of Kubernetes, so
 * that whoever may talk to the API server may ask, with the credentials and the RBAC they have anyway:
 *
 *   kubectl get --raw /apis/observe.weft.dev/v1alpha1/stat
 *   kubectl get --raw /apis/observe.weft.dev/v1alpha1/namespaces/shop/stat
 *
 * Each resource exists for the whole cluster and below `namespaces/<namespace>/`; RBAC is that of the resource of the same
 * name in the group, with the verb that Kubernetes gives to such a request: `list` for what has no name, `get` with one,
 * `watch` for streams, `create` for POST (`kubectl auth can-i list stat.observe.weft.dev`). The same server answers at the
 * Service of the control plane itself, with a bearer token, for browsers. Replicas ask each other below `/peer/v1/`, with
 * the certificate of the control plane.
 */

export const observeGroup = 'observe.weft.dev';
export const observeVersion = 'v1alpha1';
export const observeBase = `/apis/${observeGroup}/${observeVersion}`;

/**
 * Resources, their answers and parameters. All are GET and JSON but where said.
 *
 *   stat         TrafficAnswer; ?groupBy=a,b&window=60s&step=10s&from=&to=&service=&route=&side=
 *   graph        ServiceGraph; ?window=60s&level=workload|service
 *   overview     Overview
 *   workloads, services, routes, policies, proxies, certificates   lists for people: dashboard/views/types.ts has all shapes
 *   findings     Listing<Finding>; ?severity=
 *   explain      ExplainedView; ?kind=service&name=web, and of the namespace in the path where the kind has one. (Names in
 *                the path would be subresources to RBAC, which cannot permit all of them.)
 *   taps         TapEvent as NDJSON for as long as the request lives; ?watch=true&target=deploy/web&to=&path=&…
 *   proxies/<pod>                ProxyDetailView; below a namespace only, like the following
 *   proxies/<pod>/<config|clusters|listeners|routes|endpoints|certs|stats>   what that Envoy says of itself
 *   proxies/<pod>/logging   POST ?level=debug; the level of the proxy's log at run time
 *   ui           the web page and its files (`ui`, `ui/<file>`); the page itself holds no data, and is served at / as well
 */
export const observeResources = [
  'stat',
  'graph',
  'overview',
  'workloads',
  'services',
  'routes',
  'policies',
  'proxies',
  'certificates',
  'findings',
  'explain',
  'taps',
  'ui',
] as const;

export type ObserveResource = (typeof observeResources)[number];
