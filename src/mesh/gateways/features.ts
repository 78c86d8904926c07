/** What Weft supports of Gateway API, in the words of its conformance suite: published by every GatewayClass of Weft's. */

/** Each with what it needs of the cluster: a kind that is served, or the experimental channel. Ascending. */
const features: readonly {
  readonly name: string;
  /** Plural names of kinds. */
  readonly kinds?: readonly string[];
  readonly experimental?: true;
}[] = [
  { name: 'BackendTLSPolicy', kinds: ['backendtlspolicies'] },
  { name: 'BackendTLSPolicySANValidation', kinds: ['backendtlspolicies'] },
  { name: 'GRPCRoute', kinds: ['grpcroutes'] },
  { name: 'GRPCRouteNamedRouteRule', kinds: ['grpcroutes'] },
  { name: 'Gateway' },
  { name: 'GatewayAddressEmpty' },
  { name: 'GatewayBackendClientCertificate' },
  { name: 'GatewayFrontendClientCertificateValidation' },
  { name: 'GatewayFrontendClientCertificateValidationInsecureFallback' },
  { name: 'GatewayHTTPListenerIsolation' },
  { name: 'GatewayHTTPSListenerDetectMisdirectedRequests' },
  { name: 'GatewayInfrastructure' },
  { name: 'GatewayPort8080' },
  { name: 'GatewayStaticAddresses' },
  { name: 'HTTPRoute' },
  { name: 'HTTPRoute303RedirectStatusCode' },
  { name: 'HTTPRoute307RedirectStatusCode' },
  { name: 'HTTPRoute308RedirectStatusCode' },
  { name: 'HTTPRouteBackendProtocolH2C' },
  { name: 'HTTPRouteBackendProtocolWebSocket' },
  { name: 'HTTPRouteBackendRequestHeaderModification' },
  { name: 'HTTPRouteBackendTimeout' },
  { name: 'HTTPRouteCORS' },
  { name: 'HTTPRouteDestinationPortMatching' },
  { name: 'HTTPRouteHostRewrite' },
  { name: 'HTTPRouteMethodMatching' },
  { name: 'HTTPRouteNamedRouteRule' },
  { name: 'HTTPRouteParentRefPort' },
  { name: 'HTTPRoutePathRedirect' },
  { name: 'HTTPRoutePathRewrite' },
  { name: 'HTTPRoutePortRedirect' },
  { name: 'HTTPRouteQueryParamMatching' },
  { name: 'HTTPRouteRequestMirror' },
  { name: 'HTTPRouteRequestMultipleMirrors' },
  { name: 'HTTPRouteRequestPercentageMirror' },
  { name: 'HTTPRouteRequestTimeout' },
  { name: 'HTTPRouteResponseHeaderModification' },
  { name: 'HTTPRouteRetry', experimental: true },
  { name: 'HTTPRouteRetryBackendTimeout', experimental: true },
  { name: 'HTTPRouteRetryConnectionError', experimental: true },
  { name: 'HTTPRouteSchemeRedirect' },
  { name: 'ListenerSet', kinds: ['listenersets'] },
  { name: 'ReferenceGrant', kinds: ['referencegrants'] },
  { name: 'TCPRoute', kinds: ['tcproutes'] },
  { name: 'TLSRoute', kinds: ['tlsroutes'] },
  { name: 'TLSRouteModeMixed', kinds: ['tlsroutes'] },
  { name: 'TLSRouteModeTerminate', kinds: ['tlsroutes'] },
  { name: 'UDPRoute', kinds: ['udproutes'] },
];

/** Those that the cluster has what it takes for, ascending. */
export function supportedFeatures(cluster: {
  readonly experimental: boolean;
  /** By plural name of the kind. */
  readonly serves: (kind: string) => boolean;
}): readonly string[] {
  return features
    .filter(
      ({ kinds = [], experimental = false }) =>
        kinds.every(cluster.serves) && (!experimental || cluster.experimental),
    )
    .map(({ name }) => name);
}
