/**
 * Weft's own kinds as the API server stores them, defaults filled in. Generated from crds/ by
 * `npm run codegen -- crds`: edit those files, never this one.
 */

/** The metadata that Weft reads of its own kinds. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The authority behind every identity of the mesh: a self-signed root, kept in a Secret, and an intermediate
 * that signs workloads' certificates. Exactly one object counts, named `default`; Weft creates it with the
 * defaults below where there is none. A new lifetime holds for what is signed from then on.
 */
export interface CertificateAuthority {
  /** Version of this schema, `weft.dev/v1alpha1`. */
  readonly apiVersion: 'weft.dev/v1alpha1';
  /** `CertificateAuthority`. */
  readonly kind: 'CertificateAuthority';
  readonly metadata: Metadata;
  /** How long certificates live. Durations are written like `24h` or `1h30m`; there is no unit for days. */
  readonly spec: {
    /**
     * Lifetime of the self-signed root, 24h to 262800h (30 years). Everything that trusts the mesh trusts this
     * certificate; an Event and a metric warn long before its end.
     */
    readonly rootLifetime: string;
    /**
     * Lifetime of the intermediate that signs workloads, 24h to 87600h (10 years). Renewing it needs no
     * attention from anyone.
     */
    readonly intermediateLifetime: string;
    /**
     * Lifetime of a workload's certificate, 1h to 168h (a week). Proxies take up a new one in time without
     * losing a connection; shorter means that a stolen key is of less use, and more signing.
     */
    readonly workloadLifetime: string;
    /**
     * Lifetime of the control plane's own certificates for its webhook and for proxies, 1h to 8760h (a year).
     */
    readonly servingLifetime: string;
  };
  /** What is in use now. */
  readonly status?: {
    /** The root in use. */
    readonly root?: {
      /** Serial number, hexadecimal. */
      readonly serial?: string;
      /** When it became valid. */
      readonly notBefore?: string;
      /** When it expires. */
      readonly notAfter?: string;
      /** SHA-256 of the certificate, hexadecimal; the same that `openssl x509 -fingerprint -sha256` shows. */
      readonly fingerprint?: string;
    };
    /** The intermediate in use. */
    readonly intermediate?: {
      /** Serial number, hexadecimal. */
      readonly serial?: string;
      /** When it became valid. */
      readonly notBefore?: string;
      /** When it expires. */
      readonly notAfter?: string;
      /** SHA-256 of the certificate, hexadecimal; the same that `openssl x509 -fingerprint -sha256` shows. */
      readonly fingerprint?: string;
    };
    /** When a kubelet's request for a certificate was last signed. */
    readonly lastIssued?: string;
    /** How many requests of kubelets for certificates of workloads were signed so far. */
    readonly issued?: number;
    /** `Ready`: whether certificates can be signed, and what stands in the way where they cannot. */
    readonly conditions?: readonly {
      /** What the condition is about. */
      readonly type: string;
      /** Whether it holds, `True`, `False` or `Unknown`. */
      readonly status: 'True' | 'False' | 'Unknown';
      /** One word for programs that says why. */
      readonly reason: string;
      /** A sentence for people that says why. */
      readonly message: string;
      /** The metadata.generation that was judged; an older one means the judgement is stale. */
      readonly observedGeneration?: number;
      /** When the status last changed. */
      readonly lastTransitionTime: string;
    }[];
  };
}

/**
 * Settings of the whole mesh. Exactly one object counts, named `default`. A workload's pods take what concerns
 * their sidecar when they are created; everything else takes effect at once.
 */
export interface MeshConfig {
  /** Version of this schema, `weft.dev/v1alpha1`. */
  readonly apiVersion: 'weft.dev/v1alpha1';
  /** `MeshConfig`. */
  readonly kind: 'MeshConfig';
  readonly metadata: Metadata;
  /** What you want. Every field has a default. */
  readonly spec: {
    /**
     * The first part of every identity: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. Choose
     * a DNS name you own before the first workload joins; it cannot be edited later, because proxies with the
     * old and the new identity would refuse each other.
     */
    readonly trustDomain: string;
    /** Mutual TLS of workloads for which no MutualTLSPolicy says otherwise. */
    readonly mtls: {
      /**
       * `Strict`: workloads accept only connections from the mesh. `Permissive`: they accept plain connections
       * as well, which is what you want while clients are still joining. `Disabled`: workloads neither offer
       * nor accept TLS of the mesh. Between two workloads of the mesh the first two always encrypt.
       */
      readonly mode: 'Strict' | 'Permissive' | 'Disabled';
    };
    /** Connections from workloads to addresses that are neither a Service nor a pod. */
    readonly outbound: {
      /** `Allow`: such connections pass through the sidecar untouched. `Deny`: the sidecar closes them. */
      readonly policy: 'Allow' | 'Deny';
      /**
       * Address ranges in which a destination may be a Service or a pod. Without it they are the private
       * ranges and whatever ServiceCIDRs and Nodes say beyond them. Set it where pods have public addresses;
       * connections to addresses outside never use the mesh.
       */
      readonly meshCIDRs?: readonly string[];
    };
    /**
     * Defaults of the sidecar. A pod's annotations `proxy.weft.dev/<setting>` override them one by one.
     * Running pods keep what they were created with: restart a workload to apply a change.
     */
    readonly proxy: {
      /**
       * Envoy image of the sidecar. Default: the image the control plane was installed with (chart value
       * `proxy.image`).
       */
      readonly image?: string;
      /**
       * Image of the init container that redirects the pod's connections to the sidecar; it needs only `nft`.
       * Default: the image the control plane was installed with (chart value `redirect.image`).
       */
      readonly redirectImage?: string;
      /**
       * When the kubelet pulls both images: `Always`, `IfNotPresent` or `Never`. Default: the chart value
       * `image.pullPolicy`.
       */
      readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
      /** What the sidecar asks of its node. */
      readonly resources: {
        /** What is set aside for the sidecar; the scheduler adds it to the pod's own requests. */
        readonly requests: {
          /** Processor time, for example `100m` for a tenth of a core. */
          readonly cpu: string;
          /** Memory, for example `64Mi`. */
          readonly memory: string;
        };
        /** The most the sidecar may use. Without a limit it may use what the node has to spare. */
        readonly limits?: {
          /**
           * Processor time. A limit makes requests wait when it is reached; leave it out unless your
           * namespaces demand one.
           */
          readonly cpu?: string;
          /** Memory; a sidecar that exceeds it is killed and started again. */
          readonly memory?: string;
        };
      };
      /** What Envoy writes to its log: `trace`, `debug`, `info`, `warning`, `error`, `critical` or `off`. */
      readonly logLevel: 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';
      /**
       * Worker threads of Envoy, 1 to 64. One carries tens of thousands of requests a second; each further one
       * costs memory for connection pools of its own.
       */
      readonly concurrency: number;
      /**
       * How long a sidecar asks its callers to leave before it closes their connections, once its pod is
       * deleted; 0 to 3600 seconds. Keep it below the pods' terminationGracePeriodSeconds.
       */
      readonly drainSeconds: number;
      /**
       * Adds the annotations `prometheus.io/*` to pods that have none of their own, by which many set-ups of
       * Prometheus find what to scrape.
       */
      readonly scrape: boolean;
    };
    /**
     * What proxies and the control plane tell of requests, and to whom. A TelemetryPolicy says otherwise for
     * its workloads.
     */
    readonly telemetry?: {
      /** Who takes logs, spans and metrics by OTLP, for example an OpenTelemetry collector. Up to 8. */
      readonly providers?: readonly {
        /** By this name it is referred to. */
        readonly name: string;
        /** `GRPC` or `HTTP` (protobuf, to `/v1/traces`, `/v1/logs` and `/v1/metrics`). */
        readonly protocol: 'GRPC' | 'HTTP';
        /** A Service of the cluster. Its pods are called by mutual TLS where they are in the mesh. */
        readonly service?: {
          /** Namespace of the Service. */
          readonly namespace: string;
          /** Name of the Service. */
          readonly name: string;
          /** Port of the Service, usually 4317 for gRPC and 4318 for HTTP. */
          readonly port: number;
        };
        /** A host and port that every proxy reaches without TLS, for example `otel.corp.example:4317`. */
        readonly address?: string;
      }[];
      /**
       * Access logs of HTTP requests, at both of their ends, for workloads of which no TelemetryPolicy says
       * otherwise. Without it nothing is logged.
       */
      readonly accessLog?: {
        /** `On`: requests are logged. `Off`: they are not. */
        readonly mode: 'On' | 'Off';
        /**
         * What a line says. Without it: JSON with the time, method, path, response, sizes, duration, both
         * identities, route and trace.
         */
        readonly format?: {
          /** A line of JSON with these fields, in this order. Up to 64. */
          readonly json?: readonly {
            /** Name of the field. */
            readonly name: string;
            /**
             * Text with commands as `%RESPONSE_CODE%` or `%REQ(X-TENANT)%`; docs/observability/logs.md lists
             * them. A field of one command alone keeps its type.
             */
            readonly value: string;
          }[];
          /**
           * A line of text with commands as `%RESPONSE_CODE%` or `%REQ(X-TENANT)%`; docs/observability/logs.md
           * lists them. A line break is added.
           */
          readonly text?: string;
        };
        /** Which requests are logged; all that is said has to hold. */
        readonly filter?: {
          /**
           * Only requests with a status of these classes: `1xx` to `5xx`, or `none` for requests that got no
           * answer.
           */
          readonly statusClasses?: readonly ('1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'none')[];
          /** Only requests that took at least this long, for example `250ms`. */
          readonly minDuration?: string;
          /** Only this share of the requests, by chance; 0 to 100, with decimals. */
          readonly samplingPercent?: number;
        };
        /**
         * Name of a provider of the MeshConfig that the logs are sent to by OTLP. Without it they go to the
         * standard output of the proxy's container.
         */
        readonly provider?: string;
      };
      /**
       * Traces of HTTP requests, for workloads of which no TelemetryPolicy says otherwise. Without it nothing
       * is traced.
       */
      readonly tracing?: {
        /**
         * `On`: proxies record spans and tell the next hop of the trace. `Off`: they leave the headers of
         * traces alone.
         */
        readonly mode: 'On' | 'Off';
        /** Name of a provider of the MeshConfig that spans are sent to by OTLP. Required for tracing. */
        readonly provider?: string;
        /**
         * Share of the traces that is recorded, of those that begin here; 0 to 100, with decimals. A trace
         * that has begun elsewhere is recorded here where it is recorded there. 1 where nobody says it.
         */
        readonly samplingPercent?: number;
        /** Attributes of every span beside those that say who called whom, by which route. Up to 16. */
        readonly customTags?: readonly {
          /** Name of the attribute, for example `tenant` or `app.tier`. */
          readonly name: string;
          /** Always this value. */
          readonly literal?: string;
          /** The value of this header of the request; no attribute where the request has none. */
          readonly requestHeader?: string;
        }[];
        /**
         * A request with this header is traced whatever the sampling says, for example `x-trace-me`. At a
         * gateway anybody outside can send it.
         */
        readonly forceHeader?: string;
        /**
         * Whether a trace that a request brings in B3 headers (`b3`, or `x-b3-traceid` and its companions)
         * goes on here. Headers of W3C Trace Context are always read, come first, and are what is sent.
         */
        readonly readB3?: boolean;
      };
      /** Where the control plane sends the golden metrics of the mesh, beside what it answers itself. */
      readonly metrics?: {
        /** Name of a provider. */
        readonly provider: string;
      };
    };
  };
  /** What the control plane made of it. */
  readonly status?: {
    /** `Accepted`: whether these settings are in use, and the reason where they are not. */
    readonly conditions?: readonly {
      /** What the condition is about. */
      readonly type: string;
      /** Whether it holds, `True`, `False` or `Unknown`. */
      readonly status: 'True' | 'False' | 'Unknown';
      /** One word for programs that says why. */
      readonly reason: string;
      /** A sentence for people that says why. */
      readonly message: string;
      /** The metadata.generation that was judged; an older one means the judgement is stale. */
      readonly observedGeneration?: number;
      /** When the status last changed. */
      readonly lastTransitionTime: string;
    }[];
  };
}

/**
 * Says whether workloads accept connections without mutual TLS. Without targetRefs and selector it holds for
 * every workload of its namespace. The more specific policy wins: targetRefs over selector over namespace over
 * MeshConfig; among equals the older one, and the other says so in its status.
 */
export interface MutualTLSPolicy {
  /** Version of this schema, `weft.dev/v1alpha1`. */
  readonly apiVersion: 'weft.dev/v1alpha1';
  /** `MutualTLSPolicy`. */
  readonly kind: 'MutualTLSPolicy';
  readonly metadata: Metadata;
  /** What you want, and for which workloads. */
  readonly spec: {
    /**
     * `Strict`: only connections from the mesh are accepted; probes of the kubelet still pass. `Permissive`:
     * plain connections are accepted as well; clients of the mesh still use mutual TLS. `Disabled`: no TLS of
     * the mesh at all, for example for a workload that must see TLS of its own.
     */
    readonly mode: 'Strict' | 'Permissive' | 'Disabled';
    /**
     * The workloads by name, in the policy's own namespace: a Deployment, StatefulSet, DaemonSet, Job, or a
     * ReplicaSet that nothing else owns; or a Service, which stands for the workloads behind it. Up to 16.
     */
    readonly targetRefs?: readonly {
      /** API group of the target; empty for a Service. */
      readonly group: string;
      /** `Service`, `Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet` or `Job`. */
      readonly kind: string;
      /** Name of the target. */
      readonly name: string;
    }[];
    /** The workloads by the labels of their pods. */
    readonly selector?: {
      /** A pod is meant when it has all of these labels. At least one, at most 16. */
      readonly matchLabels: Readonly<Record<string, string>>;
    };
  };
  /** What the control plane made of it. */
  readonly status?: {
    /**
     * `Accepted`: whether the policy is in use, and what stands in its way where it is not, such as a target
     * that does not exist or an older policy for the same workload.
     */
    readonly conditions?: readonly {
      /** What the condition is about. */
      readonly type: string;
      /** Whether it holds, `True`, `False` or `Unknown`. */
      readonly status: 'True' | 'False' | 'Unknown';
      /** One word for programs that says why. */
      readonly reason: string;
      /** A sentence for people that says why. */
      readonly message: string;
      /** The metadata.generation that was judged; an older one means the judgement is stale. */
      readonly observedGeneration?: number;
      /** When the status last changed. */
      readonly lastTransitionTime: string;
    }[];
  };
}

/**
 * Says what proxies tell of requests. Without targetRefs and selector it holds for every workload of its
 * namespace. For each of accessLog, tracing, metrics and tap by itself, the more specific policy that has it
 * wins: targetRefs over selector over namespace over MeshConfig; among equals the older one, and the other
 * says so in its status.
 */
export interface TelemetryPolicy {
  /** Version of this schema, `weft.dev/v1alpha1`. */
  readonly apiVersion: 'weft.dev/v1alpha1';
  /** `TelemetryPolicy`. */
  readonly kind: 'TelemetryPolicy';
  readonly metadata: Metadata;
  /** What you want, and for which workloads. */
  readonly spec: {
    /**
     * What the policy is about, in its own namespace: a Deployment, StatefulSet, DaemonSet, Job, or a
     * ReplicaSet that nothing else owns; a Service, which stands for the workloads behind it; a Gateway; or,
     * for sampling alone, an HTTPRoute or GRPCRoute. Up to 16.
     */
    readonly targetRefs?: readonly {
      /** API group of the target; empty for a Service. */
      readonly group: string;
      /**
       * `Service`, `Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Job`, `Gateway`, `HTTPRoute` or
       * `GRPCRoute`.
       */
      readonly kind: string;
      /** Name of the target. */
      readonly name: string;
    }[];
    /** The workloads by the labels of their pods. */
    readonly selector?: {
      /** A pod is meant when it has all of these labels. At least one, at most 16. */
      readonly matchLabels: Readonly<Record<string, string>>;
    };
    /** Access logs of HTTP requests, at both of their ends. What is left out is as MeshConfig says. */
    readonly accessLog?: {
      /** `On`: requests are logged. `Off`: they are not. */
      readonly mode: 'On' | 'Off';
      /**
       * What a line says. Without it: JSON with the time, method, path, response, sizes, duration, both
       * identities, route and trace.
       */
      readonly format?: {
        /** A line of JSON with these fields, in this order. Up to 64. */
        readonly json?: readonly {
          /** Name of the field. */
          readonly name: string;
          /**
           * Text with commands as `%RESPONSE_CODE%` or `%REQ(X-TENANT)%`; docs/observability/logs.md lists
           * them. A field of one command alone keeps its type.
           */
          readonly value: string;
        }[];
        /**
         * A line of text with commands as `%RESPONSE_CODE%` or `%REQ(X-TENANT)%`; docs/observability/logs.md
         * lists them. A line break is added.
         */
        readonly text?: string;
      };
      /** Which requests are logged; all that is said has to hold. */
      readonly filter?: {
        /**
         * Only requests with a status of these classes: `1xx` to `5xx`, or `none` for requests that got no
         * answer.
         */
        readonly statusClasses?: readonly ('1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'none')[];
        /** Only requests that took at least this long, for example `250ms`. */
        readonly minDuration?: string;
        /** Only this share of the requests, by chance; 0 to 100, with decimals. */
        readonly samplingPercent?: number;
      };
      /**
       * Name of a provider of the MeshConfig that the logs are sent to by OTLP. Without it they go to the
       * standard output of the proxy's container.
       */
      readonly provider?: string;
    };
    /** Traces of HTTP requests. What is left out is as MeshConfig says. */
    readonly tracing?: {
      /**
       * `On`: proxies record spans and tell the next hop of the trace. `Off`: they leave the headers of traces
       * alone.
       */
      readonly mode: 'On' | 'Off';
      /** Name of a provider of the MeshConfig that spans are sent to by OTLP. */
      readonly provider?: string;
      /**
       * Share of the traces that is recorded, of those that begin here; 0 to 100, with decimals. A trace that
       * has begun elsewhere is recorded here where it is recorded there. 1 where nobody says it.
       */
      readonly samplingPercent?: number;
      /** Attributes of every span beside those that say who called whom, by which route. Up to 16. */
      readonly customTags?: readonly {
        /** Name of the attribute, for example `tenant` or `app.tier`. */
        readonly name: string;
        /** Always this value. */
        readonly literal?: string;
        /** The value of this header of the request; no attribute where the request has none. */
        readonly requestHeader?: string;
      }[];
      /**
       * A request with this header is traced whatever the sampling says, for example `x-trace-me`. At a
       * gateway anybody outside can send it.
       */
      readonly forceHeader?: string;
      /**
       * Whether a trace that a request brings in B3 headers (`b3`, or `x-b3-traceid` and its companions) goes
       * on here. Headers of W3C Trace Context are always read, come first, and are what is sent.
       */
      readonly readB3?: boolean;
    };
    /** The golden metrics that proxies count. */
    readonly metrics?: {
      /**
       * `On`: requests and connections are counted. `Off`: the proxies of these workloads count none, which
       * saves them what counting costs; the other end still does.
       */
      readonly mode: 'On' | 'Off';
    };
    /**
     * `Allow`: whoever may tap by RBAC can see single requests of these workloads live. `Deny`: their proxies
     * show none, whoever asks.
     */
    readonly tap?: 'Allow' | 'Deny';
  };
  /** What the control plane made of it. */
  readonly status?: {
    /**
     * `Accepted`: whether the policy is in use, and what stands in its way where it is not, such as a target
     * that does not exist, a provider that the MeshConfig does not have, or an older policy for the same
     * workload. `Programmed`: whether the proxies concerned have taken it over, and how many.
     */
    readonly conditions?: readonly {
      /** What the condition is about. */
      readonly type: string;
      /** Whether it holds, `True`, `False` or `Unknown`. */
      readonly status: 'True' | 'False' | 'Unknown';
      /** One word for programs that says why. */
      readonly reason: string;
      /** A sentence for people that says why. */
      readonly message: string;
      /** The metadata.generation that was judged; an older one means the judgement is stale. */
      readonly observedGeneration?: number;
      /** When the status last changed. */
      readonly lastTransitionTime: string;
    }[];
  };
}
