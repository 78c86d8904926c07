/**
 * The Envoy API that Weft speaks: every message it builds or reads by name, by file. What these messages refer
 * to is generated with them; everything else is left out, which keeps the control plane's start fast.
 */

/** Proto file -> messages wanted from it. One more filter = one more line here and `npm run codegen -- proto`. */
export const protoRoots: Readonly<Record<string, readonly string[]>> = {
  // The protocol.
  'envoy/service/discovery/v3/discovery.proto': [
    'DeltaDiscoveryRequest',
    'DeltaDiscoveryResponse',
    'DiscoveryRequest',
    'DiscoveryResponse',
  ],
  // The resources.
  'envoy/config/cluster/v3/cluster.proto': ['Cluster'],
  'envoy/config/endpoint/v3/endpoint.proto': ['ClusterLoadAssignment'],
  'envoy/config/listener/v3/listener.proto': ['Listener'],
  'envoy/config/route/v3/route.proto': ['RouteConfiguration'],
  'envoy/extensions/transport_sockets/tls/v3/secret.proto': ['Secret'],
  // Transport sockets and protocols of upstreams.
  'envoy/extensions/transport_sockets/tls/v3/tls.proto': ['DownstreamTlsContext', 'UpstreamTlsContext'],
  'envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.proto': ['RawBuffer'],
  'envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream.proto': [
    'InternalUpstreamTransport',
  ],
  'envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol.proto': [
    'ProxyProtocolUpstreamTransport',
  ],
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto': ['HttpProtocolOptions'],
  'envoy/extensions/load_balancing_policies/least_request/v3/least_request.proto': ['LeastRequest'],
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto': ['PreviousHostsPredicate'],
  // Listener filters.
  'envoy/extensions/filters/listener/original_dst/v3/original_dst.proto': ['OriginalDst'],
  'envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto': ['TlsInspector'],
  'envoy/extensions/filters/listener/http_inspector/v3/http_inspector.proto': ['HttpInspector'],
  'envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.proto': ['ProxyProtocol'],
  // Network filters.
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto': [
    'HttpConnectionManager',
  ],
  'envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto': ['TcpProxy'],
  'envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.proto': ['Config'],
  'envoy/extensions/filters/network/rbac/v3/rbac.proto': ['RBAC'],
  'envoy/extensions/filters/network/connection_limit/v3/connection_limit.proto': ['ConnectionLimit'],
  // UDP listener filters.
  'envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy.proto': ['UdpProxyConfig'],
  'envoy/extensions/filters/udp/udp_proxy/v3/route.proto': ['Route'],
  // HTTP filters.
  'envoy/extensions/filters/http/router/v3/router.proto': ['Router'],
  'envoy/extensions/filters/http/set_filter_state/v3/set_filter_state.proto': ['Config'],
  'envoy/extensions/filters/http/rbac/v3/rbac.proto': ['RBAC', 'RBACPerRoute'],
  'envoy/extensions/filters/http/lua/v3/lua.proto': ['Lua', 'LuaPerRoute'],
  'envoy/extensions/filters/http/header_mutation/v3/header_mutation.proto': [
    'HeaderMutation',
    'HeaderMutationPerRoute',
  ],
  'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto': ['LocalRateLimit'],
  'envoy/extensions/filters/http/fault/v3/fault.proto': ['HTTPFault'],
  'envoy/extensions/filters/http/cors/v3/cors.proto': ['Cors', 'CorsPolicy'],
  'envoy/extensions/filters/http/stateful_session/v3/stateful_session.proto': [
    'StatefulSession',
    'StatefulSessionPerRoute',
  ],
  'envoy/extensions/http/stateful_session/cookie/v3/cookie.proto': ['CookieBasedSessionState'],
  'envoy/extensions/http/stateful_session/header/v3/header.proto': ['HeaderBasedSessionState'],
  'envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto': ['ExtAuthz'],
  'envoy/extensions/filters/http/composite/v3/composite.proto': ['Composite', 'ExecuteFilterAction'],
  'envoy/extensions/common/matching/v3/extension_matcher.proto': [
    'ExtensionWithMatcher',
    'ExtensionWithMatcherPerRoute',
  ],
  'envoy/extensions/filters/http/grpc_stats/v3/config.proto': ['FilterConfig'],
  'envoy/extensions/filters/http/health_check/v3/health_check.proto': ['HealthCheck'],
  'envoy/extensions/filters/http/on_demand/v3/on_demand.proto': ['OnDemand'],
  // Telemetry.
  'envoy/config/trace/v3/opentelemetry.proto': ['OpenTelemetryConfig'],
  'envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector.proto': [
    'EnvironmentResourceDetectorConfig',
  ],
  'envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto': ['HeaderMutation'],
  'envoy/extensions/access_loggers/file/v3/file.proto': ['FileAccessLog'],
  'envoy/extensions/access_loggers/stream/v3/stream.proto': ['StdoutAccessLog', 'StderrAccessLog'],
  'envoy/extensions/access_loggers/open_telemetry/v3/logs_service.proto': ['OpenTelemetryAccessLogConfig'],
  'envoy/extensions/access_loggers/stats/v3/stats.proto': ['Config'],
  'envoy/extensions/access_loggers/grpc/v3/als.proto': ['HttpGrpcAccessLogConfig', 'TcpGrpcAccessLogConfig'],
  'envoy/extensions/filters/http/tap/v3/tap.proto': ['Tap'],
  'envoy/extensions/stat_sinks/open_telemetry/v3/open_telemetry.proto': ['SinkConfig'],
};
