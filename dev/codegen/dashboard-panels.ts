/** What the Grafana dashboards show: titles, and what Prometheus is asked for. */

export interface Panel {
  readonly title: string;
  /** Grafana's name of it. */
  readonly unit: 'reqps' | 'percentunit' | 's' | 'Bps' | 'short' | 'bytes' | 'ops';
  /** Expression, and how a line of its answer is called. */
  readonly queries: readonly (readonly [expression: string, legend: string])[];
  /** The last value alone, in large. */
  readonly single?: true;
}

export interface Dashboard {
  /** In the address of the dashboard and in the name of its file. */
  readonly name: string;
  readonly title: string;
  /** Name, label, and the query that gives the choice. */
  readonly variables: readonly (readonly [name: string, label: string, query: string])[];
  readonly panels: readonly Panel[];
}

const per = '[$__rate_interval]';
/** Everything that reached somebody, or did not, is counted once in these. */
const requests = (where: string): string => `rate(weft_mesh_requests_total{${where}}${per})`;
const failures = (where: string): string => `rate(weft_mesh_request_failures_total{${where}}${per})`;
const bytes = (direction: 'sent' | 'received', where: string): string =>
  `rate(weft_mesh_${direction}_bytes_total{${where}}${per})`;

/** Without failures there is no series of them, which is a success too. */
const success = (where: string, by = ''): string =>
  `1 - (sum${by} (${failures(where)}) or sum${by} (${requests(where)}) * 0) / sum${by} (${requests(where)})`;

const latency = (share: number, where: string, by = ''): string =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(weft_mesh_request_duration_seconds_bucket{${where}}${per})))`;

/** Of a client's proxies, which know routes and versions; in milliseconds. */
const proxied = 'service="$service"';
const count = `rate(envoy_weft_http_client_duration_count{${proxied}}${per})`;
const proxyLatency = (share: number, by: string): string =>
  `histogram_quantile(${share}, sum by (le, ${by}) (rate(envoy_weft_http_client_duration_bucket{${proxied}}${per}))) / 1e6`;
/** The version is in the name of the peer, whether it has a certificate or not. */
const byVersion = (expression: string): string =>
  `label_replace(label_replace(${expression}, "version", "$1", "peer", "plain.*[|](.*)"), "version", "$1", "peer", ".*OU=(.*)")`;

/** Other programs tell these of themselves too. */
const ofReplicas = 'and on (instance) weft_xds_proxies';

const into = 'destination_namespace="$namespace",destination_workload="$workload"';
const outOf = 'source_namespace="$namespace",source_workload="$workload"';

export const dashboards: readonly Dashboard[] = [
  {
    name: 'mesh',
    title: 'Weft: mesh',
    variables: [],
    panels: [
      { title: 'Requests', unit: 'reqps', single: true, queries: [[`sum (${requests('')})`, 'requests']] },
      { title: 'Success', unit: 'percentunit', single: true, queries: [[success(''), 'success']] },
      { title: 'Latency, 99 %', unit: 's', single: true, queries: [[latency(0.99, ''), 'p99']] },
      {
        title: 'By mutual TLS',
        unit: 'percentunit',
        single: true,
        queries: [[`sum (${requests('mtls="true"')}) / sum (${requests('')})`, 'mutual TLS']],
      },
      {
        title: 'Requests by namespace',
        unit: 'reqps',
        queries: [[`sum by (destination_namespace) (${requests('')})`, '{{destination_namespace}}']],
      },
      {
        title: 'Responses',
        unit: 'reqps',
        queries: [[`sum by (response_class) (${requests('')})`, '{{response_class}}']],
      },
      {
        title: 'Failures, the ten workloads with most',
        unit: 'reqps',
        queries: [
          [
            `topk(10, sum by (destination_namespace, destination_workload) (${failures('')}))`,
            '{{destination_namespace}}/{{destination_workload}}',
          ],
        ],
      },
      {
        title: 'Latency, 99 %, the ten slowest workloads',
        unit: 's',
        queries: [
          [
            `topk(10, ${latency(0.99, '', ', destination_namespace, destination_workload')})`,
            '{{destination_namespace}}/{{destination_workload}}',
          ],
        ],
      },
      {
        title: 'TCP',
        unit: 'Bps',
        queries: [
          [`sum (${bytes('sent', '')})`, 'to servers'],
          [`sum (${bytes('received', '')})`, 'to clients'],
        ],
      },
      { title: 'Proxies connected', unit: 'short', queries: [['sum (weft_xds_proxies)', 'proxies']] },
    ],
  },
  {
    name: 'workload',
    title: 'Weft: workload',
    variables: [
      ['namespace', 'Namespace', 'label_values(weft_mesh_requests_total, destination_namespace)'],
      [
        'workload',
        'Workload',
        'label_values(weft_mesh_requests_total{destination_namespace="$namespace"}, destination_workload)',
      ],
    ],
    panels: [
      { title: 'Incoming', unit: 'reqps', single: true, queries: [[`sum (${requests(into)})`, 'requests']] },
      { title: 'Success', unit: 'percentunit', single: true, queries: [[success(into), 'success']] },
      { title: 'Latency, 50 %', unit: 's', single: true, queries: [[latency(0.5, into), 'p50']] },
      { title: 'Latency, 99 %', unit: 's', single: true, queries: [[latency(0.99, into), 'p99']] },
      {
        title: 'Incoming, by client',
        unit: 'reqps',
        queries: [
          [
            `sum by (source_namespace, source_workload) (${requests(into)})`,
            '{{source_namespace}}/{{source_workload}}',
          ],
        ],
      },
      {
        title: 'Success, by client',
        unit: 'percentunit',
        queries: [
          [
            success(into, ' by (source_namespace, source_workload)'),
            '{{source_namespace}}/{{source_workload}}',
          ],
        ],
      },
      {
        title: 'Responses',
        unit: 'reqps',
        queries: [[`sum by (response_class) (${requests(into)})`, '{{response_class}}']],
      },
      {
        title: 'Latency',
        unit: 's',
        queries: [
          [latency(0.5, into), 'p50'],
          [latency(0.9, into), 'p90'],
          [latency(0.99, into), 'p99'],
        ],
      },
      {
        title: 'Incoming, by mutual TLS',
        unit: 'reqps',
        queries: [[`sum by (mtls) (${requests(into)})`, 'mutual TLS: {{mtls}}']],
      },
      {
        title: 'Outgoing, by destination',
        unit: 'reqps',
        queries: [
          [
            `sum by (destination_namespace, destination_workload) (${requests(outOf)})`,
            '{{destination_namespace}}/{{destination_workload}}',
          ],
        ],
      },
    ],
  },
  {
    name: 'service',
    title: 'Weft: service',
    variables: [['service', 'Service', 'label_values(weft_mesh_requests_total, service)']],
    panels: [
      {
        title: 'Requests',
        unit: 'reqps',
        single: true,
        queries: [[`sum (${requests('service="$service"')})`, 'requests']],
      },
      {
        title: 'Success',
        unit: 'percentunit',
        single: true,
        queries: [[success('service="$service"'), 'success']],
      },
      {
        title: 'Requests, by client',
        unit: 'reqps',
        queries: [
          [
            `sum by (source_namespace, source_workload) (${requests('service="$service"')})`,
            '{{source_namespace}}/{{source_workload}}',
          ],
        ],
      },
      {
        title: 'Requests, by workload behind it',
        unit: 'reqps',
        queries: [
          [
            `sum by (destination_namespace, destination_workload) (${requests('service="$service"')})`,
            '{{destination_namespace}}/{{destination_workload}}',
          ],
        ],
      },
      {
        title: 'Requests, by route',
        unit: 'reqps',
        queries: [[`sum by (route) (${count})`, '{{route}}']],
      },
      {
        title: 'Requests, by version',
        unit: 'reqps',
        queries: [[`sum by (version) (${byVersion(count)})`, '{{version}}']],
      },
      {
        title: 'Requests, by status',
        unit: 'reqps',
        queries: [[`sum by (code) (${count})`, '{{code}}']],
      },
      {
        title: 'Not answered by the application, by reason',
        unit: 'reqps',
        queries: [
          [
            `sum by (code, flags) (rate(envoy_weft_http_client_flagged{${proxied}}${per}))`,
            '{{code}} {{flags}}',
          ],
        ],
      },
      { title: 'Latency, 99 %, by route', unit: 's', queries: [[proxyLatency(0.99, 'route'), '{{route}}']] },
    ],
  },
  {
    name: 'control-plane',
    title: 'Weft: control plane',
    variables: [],
    panels: [
      {
        title: 'Proxies connected',
        unit: 'short',
        queries: [['sum by (instance) (weft_xds_proxies)', '{{instance}}']],
      },
      {
        title: 'Resources sent',
        unit: 'ops',
        queries: [[`sum by (kind) (rate(weft_xds_pushed_resources_total${per}))`, '{{kind}}']],
      },
      {
        title: 'Change to acknowledgement',
        unit: 's',
        queries: [
          [`histogram_quantile(0.5, sum by (le) (rate(weft_xds_push_seconds_bucket${per})))`, 'p50'],
          [`histogram_quantile(0.99, sum by (le) (rate(weft_xds_push_seconds_bucket${per})))`, 'p99'],
        ],
      },
      {
        title: 'Refused by proxies',
        unit: 'ops',
        queries: [[`sum (rate(weft_xds_rejections_total${per}))`, 'resources']],
      },
      {
        title: 'Admission',
        unit: 'ops',
        queries: [[`sum (rate(weft_admission_reviews_total${per}))`, 'reviews']],
      },
      {
        title: 'Admission, time',
        unit: 's',
        queries: [
          [`histogram_quantile(0.99, sum by (le) (rate(weft_admission_review_seconds_bucket${per})))`, 'p99'],
        ],
      },
      {
        title: 'Certificates issued',
        unit: 'ops',
        queries: [
          [`sum (rate(weft_certificate_requests_total${per}))`, 'by request'],
          [`sum (rate(weft_identities_issued_total${per}))`, 'over streams'],
        ],
      },
      {
        title: 'Until the authority ends',
        unit: 's',
        queries: [['min by (certificate) (weft_ca_expiry_seconds)', '{{certificate}}']],
      },
      {
        title: 'Reports of proxies',
        unit: 'ops',
        queries: [[`sum by (result) (rate(weft_telemetry_reports_total${per}))`, '{{result}}']],
      },
      {
        title: 'Watch events',
        unit: 'ops',
        queries: [[`sum (rate(weft_kube_watch_events_total${per}))`, 'events']],
      },
      {
        title: 'Processor',
        unit: 'short',
        queries: [[`rate(process_cpu_seconds_total${per}) ${ofReplicas}`, '{{instance}}']],
      },
      {
        title: 'Memory',
        unit: 'bytes',
        queries: [[`process_resident_memory_bytes ${ofReplicas}`, '{{instance}}']],
      },
      {
        title: 'Longest stall',
        unit: 's',
        queries: [['max by (instance) (weft_event_loop_longest_stall_seconds)', '{{instance}}']],
      },
    ],
  },
];
