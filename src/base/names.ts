/**
 * The names that more than one room must agree on: labels, annotations, ports, the signer, and the
 * resources that the pod's own bootstrap defines and the control plane's resources refer to.
 */

export const group = 'weft.dev';
export const apiVersion = 'weft.dev/v1alpha1';

/** As which Weft speaks in Gateway API: of its GatewayClasses, and in the status of routes and policies. */
export const controllerName = 'weft.dev/mesh';

/** `weft.dev/inject: enabled|disabled` on a Namespace or a Pod; the pod's own label wins. */
export const injectLabel = 'weft.dev/inject';
/** Written by the webhook on an injected pod: `{"version": "...", "settings": "<hash>"}`. */
export const proxyAnnotation = 'weft.dev/proxy';
/** Prefix of the per-pod settings, e.g. `proxy.weft.dev/cpu`. */
export const settingPrefix = 'proxy.weft.dev/';
/** Pod annotations that hold Envoy's SDS files; the downward API projects them into the identity volume. */
export const identitySdsAnnotation = 'weft.dev/identity-sds';
export const trustSdsAnnotation = 'weft.dev/trust-sds';
/** The same for the pod's token, on clusters without PodCertificateRequest. */
export const tokenSdsAnnotation = 'weft.dev/token-sds';
/** What injection replaced in the pod (probes, hooks), so that it can be undone and repeated. */
export const originalsAnnotation = 'weft.dev/originals';

/** The signer of PodCertificateRequests and of the ClusterTrustBundle. */
export const signerName = 'weft.dev/workload';
export const trustBundleName = 'weft.dev:workload:mesh';

export const sidecarContainer = 'weft-proxy';
export const redirectContainer = 'weft-redirect';

/** Ports inside a meshed pod. */
export const outboundPort = 15001;
export const inboundPort = 15006;
/** Mutual TLS for the control plane only: metrics, later tap. */
export const controlPort = 15020;
/** Plaintext: readiness, Prometheus metrics, drain hook, the application's rewritten probes. */
export const healthPort = 15021;

/** Ports of the control plane's pods; the Service maps 443 to the webhook. */
export const webhookPort = 9443;
export const xdsPort = 15010;
export const metricsPort = 9090;
/** The API that people, programs and other replicas ask; see base/observe.ts. */
export const apiPort = 9444;
/** Loopback only, reached by port-forward: what the CLI reads. */
export const debugPort = 9091;

/** Where the identity volume is mounted in the sidecar. */
export const identityDirectory = '/run/weft/identity';
/** Files of that volume: key, chain (leaf first), trust roots, token, and Envoy's SDS files that name them. */
export const identityFiles = {
  key: 'key.pem',
  chain: 'chain.pem',
  trust: 'ca.pem',
  token: 'token',
  identitySds: 'identity.json',
  trustSds: 'trust.json',
  tokenSds: 'token.json',
} as const;
/** Audience of the projected service account token that such a pod shows to the control plane. */
export const tokenAudience = 'weft.dev';

/** Secrets that the control plane serves over ADS; they name the files of the identity volume. */
export const identitySecret = 'identity';
export const trustSecret = 'trust';

/** Clusters of the pod's bootstrap that served resources refer to. */
export const inboundAppCluster = 'inbound-app';
export const passthroughCluster = 'passthrough';

/** Suffix of the SNI by which a proxy recognises TLS of the mesh; the full form is `p<port>.<service>.<namespace>.weft`. */
export const meshSniSuffix = 'weft';
/** ALPN of opaque TCP over mesh TLS; HTTP uses h2 and http/1.1. */
export const tcpAlpn = 'weft-tcp';

/** `app.kubernetes.io/managed-by` of what Weft creates. */
export const managedBy = 'weft';

/** Label on all that is made for a Gateway, its pods too (GEP-1762). */
export const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';
