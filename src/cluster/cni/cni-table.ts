/** A file somewhere on the net whose content cannot change unnoticed. */
export interface PinnedFile {
  readonly url: string;
  readonly sha256: string;
}

/** Where the objects of a CNI come from. */
export type CniSource =
  /** kind installs it; `daemonSet` is what has to be ready. */
  | { readonly kind: 'built-in'; readonly daemonSet: string }
  | { readonly kind: 'manifest'; readonly version: string; readonly file: PinnedFile }
  | {
      readonly kind: 'helm-chart';
      readonly version: string;
      readonly file: PinnedFile;
      readonly namespace: string;
      /** `--set` values. */
      readonly values: Readonly<Record<string, string>>;
    };

export interface NamedCni {
  readonly name: string;
  /** File in kind-configs/. */
  readonly kindConfig: string;
  readonly source: CniSource;
  /** CNI plugin binaries it calls and kind's node image lacks. */
  readonly needsBridgePlugin: boolean;
}

/**
 * The CNIs that go by a name. The digests of manifests and charts were computed from the content that the projects'
 * git repositories hold at the commit in the URL; Cilium's equals the `digest` its own index.yaml states.
 */
export const NAMED_CNIS: readonly NamedCni[] = [
  {
    name: 'kindnet',
    kindConfig: 'kindnet.yaml',
    source: { kind: 'built-in', daemonSet: 'kindnet' },
    needsBridgePlugin: false,
  },
  {
    name: 'calico',
    kindConfig: 'calico.yaml',
    source: {
      kind: 'manifest',
      version: '3.32.1',
      file: {
        url: 'https://raw.githubusercontent.com/projectcalico/calico/0ca9d1b93644778cafdf1812f3dda02ac0c361e8/manifests/calico.yaml',
        sha256: 'a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744',
      },
    },
    needsBridgePlugin: false,
  },
  {
    name: 'flannel',
    kindConfig: 'flannel.yaml',
    source: {
      kind: 'manifest',
      version: '0.28.9',
      file: {
        url: 'https://raw.githubusercontent.com/flannel-io/flannel/5cd0d52648e891d73a6dcb9bb2c67d7c365cf7aa/Documentation/kube-flannel.yml',
        sha256: 'e875824be2f552b45711dbda91af81b17eb961d00025d914d9fef18fad8f09c0',
      },
    },
    needsBridgePlugin: true,
  },
  {
    name: 'cilium',
    kindConfig: 'cilium.yaml',
    source: {
      kind: 'helm-chart',
      version: '1.20.0',
      file: {
        url: 'https://raw.githubusercontent.com/cilium/charts/d5f3d1cc0ed8e94d6920996024fefe5a3857dc15/cilium-1.20.0.tgz',
        sha256: 'c5f013912360d1a334f44ef25f36da59ba3414cdb48f466ee12d0c4fdff27883',
      },
      namespace: 'kube-system',
      values: {
        'ipam.mode': 'kubernetes',
        'image.pullPolicy': 'IfNotPresent',
        'operator.replicas': '1',
        // Not needed to carry traffic, and their generated certificates would differ from run to run.
        'hubble.enabled': 'false',
        'envoy.enabled': 'false',
      },
    },
    needsBridgePlugin: false,
  },
];

/** The CNI of this name; undefined: the word is the path of a manifest. */
export function namedCni(name: string): NamedCni | undefined {
  return NAMED_CNIS.find((cni) => cni.name === name);
}

/** The containernetworking/plugins release that holds the `bridge` plugin, by architecture in Docker's words. */
export const CNI_PLUGINS: { readonly version: string; readonly files: Readonly<Record<string, PinnedFile>> } =
  {
    version: '1.9.1',
    // As kubespray pins them; docs/clusters.md says where every digest here comes from.
    files: {
      x86_64: {
        url: 'https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz',
        sha256: 'b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303',
      },
      aarch64: {
        url: 'https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-arm64-v1.9.1.tgz',
        sha256: '56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec',
      },
    },
  };
