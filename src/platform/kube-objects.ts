/**
 * The parts of Kubernetes objects that Rollproof reads, as the API server sends them (times are strings).
 * Everything a server may leave out is optional.
 */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
  }[];
}

export interface KubeList<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items?: readonly T[];
}

export interface KubeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface KubeContainer {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly hostPort?: number;
    readonly protocol?: string;
  }[];
  readonly lifecycle?: {
    readonly preStop?: {
      readonly sleep?: { readonly seconds: number };
      readonly exec?: { readonly command?: readonly string[] };
      readonly httpGet?: unknown;
    };
  };
  readonly readinessProbe?: {
    readonly httpGet?: { readonly path?: string };
    readonly tcpSocket?: unknown;
    readonly grpc?: unknown;
    readonly exec?: unknown;
  };
}

export interface KubePodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
  readonly containers: readonly KubeContainer[];
  readonly initContainers?: readonly KubeContainer[];
}

export interface KubeDeployment extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: {
        readonly maxSurge?: number | string;
        readonly maxUnavailable?: number | string;
      };
    };
    readonly selector: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[];
      }[];
    };
    readonly template: { readonly spec: KubePodSpec };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly KubeCondition[];
  };
}

export interface KubeReplicaSet extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number };
}

export interface KubeContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  /** `containerd://<id>` */
  readonly containerID?: string;
  readonly state?: KubeContainerState;
  readonly lastState?: KubeContainerState;
}

export interface KubeContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface KubePod extends KubeObject {
  readonly spec: KubePodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly conditions?: readonly KubeCondition[];
    readonly containerStatuses?: readonly KubeContainerStatus[];
    readonly initContainerStatuses?: readonly KubeContainerStatus[];
  };
}

export interface KubeServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

export interface KubeService extends KubeObject {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly KubeServicePort[];
    readonly externalTrafficPolicy?: string;
    readonly internalTrafficPolicy?: string;
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: unknown;
    readonly publishNotReadyAddresses?: boolean;
  };
}

export interface KubeEndpointSlice extends KubeObject {
  readonly addressType?: string;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly nodeName?: string;
    readonly conditions?: {
      readonly ready?: boolean;
      readonly serving?: boolean;
      readonly terminating?: boolean;
    };
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  }[];
}

export interface KubeEvent extends KubeObject {
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
  readonly reason?: string;
  readonly type?: string;
  readonly message?: string;
}

export interface KubeNode extends KubeObject {
  readonly status?: { readonly conditions?: readonly KubeCondition[] };
}
