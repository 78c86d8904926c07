import { createRegistry } from '@bufbuild/protobuf';
import { file_envoy_config_accesslog_v3_accesslog } from './envoy/config/accesslog/v3/accesslog_pb.js';
import { file_envoy_config_cluster_v3_circuit_breaker } from './envoy/config/cluster/v3/circuit_breaker_pb.js';
import { file_envoy_config_cluster_v3_cluster } from './envoy/config/cluster/v3/cluster_pb.js';
import { file_envoy_config_cluster_v3_filter } from './envoy/config/cluster/v3/filter_pb.js';
import { file_envoy_config_cluster_v3_outlier_detection } from './envoy/config/cluster/v3/outlier_detection_pb.js';
import { file_envoy_config_common_matcher_v3_matcher } from './envoy/config/common/matcher/v3/matcher_pb.js';
import { file_envoy_config_common_mutation_rules_v3_mutation_rules } from './envoy/config/common/mutation_rules/v3/mutation_rules_pb.js';
import { file_envoy_config_core_v3_address } from './envoy/config/core/v3/address_pb.js';
import { file_envoy_config_core_v3_backoff } from './envoy/config/core/v3/backoff_pb.js';
import { file_envoy_config_core_v3_base } from './envoy/config/core/v3/base_pb.js';
import { file_envoy_config_core_v3_config_source } from './envoy/config/core/v3/config_source_pb.js';
import { file_envoy_config_core_v3_event_service_config } from './envoy/config/core/v3/event_service_config_pb.js';
import { file_envoy_config_core_v3_extension } from './envoy/config/core/v3/extension_pb.js';
import { file_envoy_config_core_v3_grpc_method_list } from './envoy/config/core/v3/grpc_method_list_pb.js';
import { file_envoy_config_core_v3_grpc_service } from './envoy/config/core/v3/grpc_service_pb.js';
import { file_envoy_config_core_v3_health_check } from './envoy/config/core/v3/health_check_pb.js';
import { file_envoy_config_core_v3_http_service } from './envoy/config/core/v3/http_service_pb.js';
import { file_envoy_config_core_v3_http_uri } from './envoy/config/core/v3/http_uri_pb.js';
import { file_envoy_config_core_v3_protocol } from './envoy/config/core/v3/protocol_pb.js';
import { file_envoy_config_core_v3_proxy_protocol } from './envoy/config/core/v3/proxy_protocol_pb.js';
import { file_envoy_config_core_v3_resolver } from './envoy/config/core/v3/resolver_pb.js';
import { file_envoy_config_core_v3_socket_option } from './envoy/config/core/v3/socket_option_pb.js';
import { file_envoy_config_core_v3_substitution_format_string } from './envoy/config/core/v3/substitution_format_string_pb.js';
import { file_envoy_config_core_v3_udp_socket_config } from './envoy/config/core/v3/udp_socket_config_pb.js';
import { file_envoy_config_endpoint_v3_endpoint_components } from './envoy/config/endpoint/v3/endpoint_components_pb.js';
import { file_envoy_config_endpoint_v3_endpoint } from './envoy/config/endpoint/v3/endpoint_pb.js';
import { file_envoy_config_listener_v3_api_listener } from './envoy/config/listener/v3/api_listener_pb.js';
import { file_envoy_config_listener_v3_listener_components } from './envoy/config/listener/v3/listener_components_pb.js';
import { file_envoy_config_listener_v3_listener } from './envoy/config/listener/v3/listener_pb.js';
import { file_envoy_config_listener_v3_quic_config } from './envoy/config/listener/v3/quic_config_pb.js';
import { file_envoy_config_listener_v3_udp_listener_config } from './envoy/config/listener/v3/udp_listener_config_pb.js';
import { file_envoy_config_rbac_v3_rbac } from './envoy/config/rbac/v3/rbac_pb.js';
import { file_envoy_config_route_v3_route_components } from './envoy/config/route/v3/route_components_pb.js';
import { file_envoy_config_route_v3_route } from './envoy/config/route/v3/route_pb.js';
import { file_envoy_config_route_v3_scoped_route } from './envoy/config/route/v3/scoped_route_pb.js';
import { file_envoy_config_tap_v3_common } from './envoy/config/tap/v3/common_pb.js';
import { file_envoy_config_trace_v3_http_tracer } from './envoy/config/trace/v3/http_tracer_pb.js';
import { file_envoy_config_trace_v3_opentelemetry } from './envoy/config/trace/v3/opentelemetry_pb.js';
import { file_envoy_data_accesslog_v3_accesslog } from './envoy/data/accesslog/v3/accesslog_pb.js';
import { file_envoy_extensions_access_loggers_file_v3_file } from './envoy/extensions/access_loggers/file/v3/file_pb.js';
import { file_envoy_extensions_access_loggers_grpc_v3_als } from './envoy/extensions/access_loggers/grpc/v3/als_pb.js';
import { file_envoy_extensions_access_loggers_open_telemetry_v3_logs_service } from './envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb.js';
import { file_envoy_extensions_access_loggers_stats_v3_stats } from './envoy/extensions/access_loggers/stats/v3/stats_pb.js';
import { file_envoy_extensions_access_loggers_stream_v3_stream } from './envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { file_envoy_extensions_common_matching_v3_extension_matcher } from './envoy/extensions/common/matching/v3/extension_matcher_pb.js';
import { file_envoy_extensions_common_ratelimit_v3_ratelimit } from './envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
import { file_envoy_extensions_common_tap_v3_common } from './envoy/extensions/common/tap/v3/common_pb.js';
import { file_envoy_extensions_filters_common_fault_v3_fault } from './envoy/extensions/filters/common/fault/v3/fault_pb.js';
import { file_envoy_extensions_filters_common_set_filter_state_v3_value } from './envoy/extensions/filters/common/set_filter_state/v3/value_pb.js';
import { file_envoy_extensions_filters_http_composite_v3_composite } from './envoy/extensions/filters/http/composite/v3/composite_pb.js';
import { file_envoy_extensions_filters_http_cors_v3_cors } from './envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz } from './envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { file_envoy_extensions_filters_http_fault_v3_fault } from './envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { file_envoy_extensions_filters_http_grpc_stats_v3_config } from './envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import { file_envoy_extensions_filters_http_header_mutation_v3_header_mutation } from './envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js';
import { file_envoy_extensions_filters_http_health_check_v3_health_check } from './envoy/extensions/filters/http/health_check/v3/health_check_pb.js';
import { file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit } from './envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import { file_envoy_extensions_filters_http_lua_v3_lua } from './envoy/extensions/filters/http/lua/v3/lua_pb.js';
import { file_envoy_extensions_filters_http_on_demand_v3_on_demand } from './envoy/extensions/filters/http/on_demand/v3/on_demand_pb.js';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from './envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { file_envoy_extensions_filters_http_router_v3_router } from './envoy/extensions/filters/http/router/v3/router_pb.js';
import { file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state } from './envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js';
import { file_envoy_extensions_filters_http_stateful_session_v3_stateful_session } from './envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.js';
import { file_envoy_extensions_filters_http_tap_v3_tap } from './envoy/extensions/filters/http/tap/v3/tap_pb.js';
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from './envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from './envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
import { file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol } from './envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from './envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { file_envoy_extensions_filters_network_connection_limit_v3_connection_limit } from './envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb.js';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from './envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from './envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import { file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state } from './envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from './envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { file_envoy_extensions_filters_udp_udp_proxy_v3_route } from './envoy/extensions/filters/udp/udp_proxy/v3/route_pb.js';
import { file_envoy_extensions_filters_udp_udp_proxy_v3_udp_proxy } from './envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.js';
import { file_envoy_extensions_http_early_header_mutation_header_mutation_v3_header_mutation } from './envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.js';
import { file_envoy_extensions_http_stateful_session_cookie_v3_cookie } from './envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.js';
import { file_envoy_extensions_http_stateful_session_header_v3_header } from './envoy/extensions/http/stateful_session/header/v3/header_pb.js';
import { file_envoy_extensions_load_balancing_policies_common_v3_common } from './envoy/extensions/load_balancing_policies/common/v3/common_pb.js';
import { file_envoy_extensions_load_balancing_policies_least_request_v3_least_request } from './envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from './envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { file_envoy_extensions_stat_sinks_open_telemetry_v3_open_telemetry } from './envoy/extensions/stat_sinks/open_telemetry/v3/open_telemetry_pb.js';
import { file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_environment_resource_detector } from './envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector_pb.js';
import { file_envoy_extensions_transport_sockets_internal_upstream_v3_internal_upstream } from './envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb.js';
import { file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol } from './envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from './envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_common } from './envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_secret } from './envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from './envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from './envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { file_envoy_service_discovery_v3_discovery } from './envoy/service/discovery/v3/discovery_pb.js';
import { file_envoy_type_http_v3_cookie } from './envoy/type/http/v3/cookie_pb.js';
import { file_envoy_type_http_v3_path_transformation } from './envoy/type/http/v3/path_transformation_pb.js';
import { file_envoy_type_matcher_v3_filter_state } from './envoy/type/matcher/v3/filter_state_pb.js';
import { file_envoy_type_matcher_v3_metadata } from './envoy/type/matcher/v3/metadata_pb.js';
import { file_envoy_type_matcher_v3_number } from './envoy/type/matcher/v3/number_pb.js';
import { file_envoy_type_matcher_v3_path } from './envoy/type/matcher/v3/path_pb.js';
import { file_envoy_type_matcher_v3_regex } from './envoy/type/matcher/v3/regex_pb.js';
import { file_envoy_type_matcher_v3_string } from './envoy/type/matcher/v3/string_pb.js';
import { file_envoy_type_matcher_v3_value } from './envoy/type/matcher/v3/value_pb.js';
import { file_envoy_type_metadata_v3_metadata } from './envoy/type/metadata/v3/metadata_pb.js';
import { file_envoy_type_tracing_v3_custom_tag } from './envoy/type/tracing/v3/custom_tag_pb.js';
import { file_envoy_type_v3_http } from './envoy/type/v3/http_pb.js';
import { file_envoy_type_v3_http_status } from './envoy/type/v3/http_status_pb.js';
import { file_envoy_type_v3_percent } from './envoy/type/v3/percent_pb.js';
import { file_envoy_type_v3_range } from './envoy/type/v3/range_pb.js';
import { file_envoy_type_v3_scope } from './envoy/type/v3/scope_pb.js';
import { file_envoy_type_v3_semantic_version } from './envoy/type/v3/semantic_version_pb.js';
import { file_envoy_type_v3_token_bucket } from './envoy/type/v3/token_bucket_pb.js';
import { file_google_api_expr_v1alpha1_checked } from './google/api/expr/v1alpha1/checked_pb.js';
import { file_google_api_expr_v1alpha1_syntax } from './google/api/expr/v1alpha1/syntax_pb.js';
import { file_google_rpc_status } from './google/rpc/status_pb.js';
import { file_opentelemetry_proto_common_v1_common } from './opentelemetry/proto/common/v1/common_pb.js';
import { file_xds_core_v3_authority } from './xds/core/v3/authority_pb.js';
import { file_xds_core_v3_context_params } from './xds/core/v3/context_params_pb.js';
import { file_xds_core_v3_extension } from './xds/core/v3/extension_pb.js';
import { file_xds_type_matcher_v3_matcher } from './xds/type/matcher/v3/matcher_pb.js';
import { file_xds_type_matcher_v3_regex } from './xds/type/matcher/v3/regex_pb.js';
import { file_xds_type_matcher_v3_string } from './xds/type/matcher/v3/string_pb.js';

/** Every generated message by its type name. */
export const registry = createRegistry(
  file_envoy_config_accesslog_v3_accesslog,
  file_envoy_config_cluster_v3_circuit_breaker,
  file_envoy_config_cluster_v3_cluster,
  file_envoy_config_cluster_v3_filter,
  file_envoy_config_cluster_v3_outlier_detection,
  file_envoy_config_common_matcher_v3_matcher,
  file_envoy_config_common_mutation_rules_v3_mutation_rules,
  file_envoy_config_core_v3_address,
  file_envoy_config_core_v3_backoff,
  file_envoy_config_core_v3_base,
  file_envoy_config_core_v3_config_source,
  file_envoy_config_core_v3_event_service_config,
  file_envoy_config_core_v3_extension,
  file_envoy_config_core_v3_grpc_method_list,
  file_envoy_config_core_v3_grpc_service,
  file_envoy_config_core_v3_health_check,
  file_envoy_config_core_v3_http_service,
  file_envoy_config_core_v3_http_uri,
  file_envoy_config_core_v3_protocol,
  file_envoy_config_core_v3_proxy_protocol,
  file_envoy_config_core_v3_resolver,
  file_envoy_config_core_v3_socket_option,
  file_envoy_config_core_v3_substitution_format_string,
  file_envoy_config_core_v3_udp_socket_config,
  file_envoy_config_endpoint_v3_endpoint_components,
  file_envoy_config_endpoint_v3_endpoint,
  file_envoy_config_listener_v3_api_listener,
  file_envoy_config_listener_v3_listener_components,
  file_envoy_config_listener_v3_listener,
  file_envoy_config_listener_v3_quic_config,
  file_envoy_config_listener_v3_udp_listener_config,
  file_envoy_config_rbac_v3_rbac,
  file_envoy_config_route_v3_route_components,
  file_envoy_config_route_v3_route,
  file_envoy_config_route_v3_scoped_route,
  file_envoy_config_tap_v3_common,
  file_envoy_config_trace_v3_http_tracer,
  file_envoy_config_trace_v3_opentelemetry,
  file_envoy_data_accesslog_v3_accesslog,
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_access_loggers_grpc_v3_als,
  file_envoy_extensions_access_loggers_open_telemetry_v3_logs_service,
  file_envoy_extensions_access_loggers_stats_v3_stats,
  file_envoy_extensions_access_loggers_stream_v3_stream,
  file_envoy_extensions_common_matching_v3_extension_matcher,
  file_envoy_extensions_common_ratelimit_v3_ratelimit,
  file_envoy_extensions_common_tap_v3_common,
  file_envoy_extensions_filters_common_fault_v3_fault,
  file_envoy_extensions_filters_common_set_filter_state_v3_value,
  file_envoy_extensions_filters_http_composite_v3_composite,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_grpc_stats_v3_config,
  file_envoy_extensions_filters_http_header_mutation_v3_header_mutation,
  file_envoy_extensions_filters_http_health_check_v3_health_check,
  file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit,
  file_envoy_extensions_filters_http_lua_v3_lua,
  file_envoy_extensions_filters_http_on_demand_v3_on_demand,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_http_set_filter_state_v3_set_filter_state,
  file_envoy_extensions_filters_http_stateful_session_v3_stateful_session,
  file_envoy_extensions_filters_http_tap_v3_tap,
  file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
  file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
  file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_connection_limit_v3_connection_limit,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_set_filter_state_v3_set_filter_state,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_filters_udp_udp_proxy_v3_route,
  file_envoy_extensions_filters_udp_udp_proxy_v3_udp_proxy,
  file_envoy_extensions_http_early_header_mutation_header_mutation_v3_header_mutation,
  file_envoy_extensions_http_stateful_session_cookie_v3_cookie,
  file_envoy_extensions_http_stateful_session_header_v3_header,
  file_envoy_extensions_load_balancing_policies_common_v3_common,
  file_envoy_extensions_load_balancing_policies_least_request_v3_least_request,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_stat_sinks_open_telemetry_v3_open_telemetry,
  file_envoy_extensions_tracers_opentelemetry_resource_detectors_v3_environment_resource_detector,
  file_envoy_extensions_transport_sockets_internal_upstream_v3_internal_upstream,
  file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_common,
  file_envoy_extensions_transport_sockets_tls_v3_secret,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
  file_envoy_service_discovery_v3_discovery,
  file_envoy_type_http_v3_cookie,
  file_envoy_type_http_v3_path_transformation,
  file_envoy_type_matcher_v3_filter_state,
  file_envoy_type_matcher_v3_metadata,
  file_envoy_type_matcher_v3_number,
  file_envoy_type_matcher_v3_path,
  file_envoy_type_matcher_v3_regex,
  file_envoy_type_matcher_v3_string,
  file_envoy_type_matcher_v3_value,
  file_envoy_type_metadata_v3_metadata,
  file_envoy_type_tracing_v3_custom_tag,
  file_envoy_type_v3_http,
  file_envoy_type_v3_http_status,
  file_envoy_type_v3_percent,
  file_envoy_type_v3_range,
  file_envoy_type_v3_scope,
  file_envoy_type_v3_semantic_version,
  file_envoy_type_v3_token_bucket,
  file_google_api_expr_v1alpha1_checked,
  file_google_api_expr_v1alpha1_syntax,
  file_google_rpc_status,
  file_opentelemetry_proto_common_v1_common,
  file_xds_core_v3_authority,
  file_xds_core_v3_context_params,
  file_xds_core_v3_extension,
  file_xds_type_matcher_v3_matcher,
  file_xds_type_matcher_v3_regex,
  file_xds_type_matcher_v3_string,
);
