import { OUR_LABEL } from '../model/our-objects.ts';
import type { TargetKind } from '../model/scenario.ts';
import type { KubeManifest } from '../platform/kube-apply.ts';

export const STEADY_CONTROL_NAME = 'rollproof-steady-control';
export const STEADY_CONTROL_PORT = 8080;

export interface SteadyControlShape {
  readonly namespace: string;
  readonly target: TargetKind;
  readonly entryNode?: string;
  /** CoreDNS answers `GET /health` without resolving anything; undefined: a few lines of Node do. */
  readonly coreDnsImage: string | undefined;
  readonly proberImage: string;
}

/** ConfigMap, Service and Deployment of the steady control. */
export function steadyControlManifests(shape: SteadyControlShape): readonly KubeManifest[] {
  return controlManifests({ ...shape, name: STEADY_CONTROL_NAME });
}

/** What a control needs that is updated. */
export interface Rolling {
  readonly minReadySeconds: number;
  readonly strategy: { readonly rollingUpdate: object };
  /** How long it goes on serving after SIGTERM. */
  readonly lingerSeconds: number;
}

/** The room that a control has to end, beyond the time for which it lingers. */
const END_SECONDS = 20;

/** ConfigMap, Service and Deployment of a control. */
export function controlManifests(
  shape: Omit<SteadyControlShape, 'namespace'> & { readonly name: string; readonly namespace?: string },
  rolling?: Rolling,
): readonly KubeManifest[] {
  const { name, namespace } = shape;
  const { lingerSeconds = 0, ...updated } = rolling ?? {};
  const labels = { 'app.kubernetes.io/name': name, ...OUR_LABEL };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), labels };
  const selector = { 'app.kubernetes.io/name': name };
  const program =
    shape.coreDnsImage === undefined
      ? nodeServer(shape.proberImage, lingerSeconds)
      : coreDns(shape.coreDnsImage, lingerSeconds);
  const onHostPort = shape.target === 'host-port';
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [program.file]: program.content } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: shape.target === 'node-port' ? 'NodePort' : 'ClusterIP',
        selector,
        ports: [{ name: 'http', port: STEADY_CONTROL_PORT, targetPort: 'http' }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        // A node has each host port once.
        replicas: onHostPort ? 1 : 2,
        ...updated,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            ...(onHostPort && shape.entryNode ? { nodeName: shape.entryNode } : {}),
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: rolling ? lingerSeconds + END_SECONDS : 1,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            // On a small kind cluster the control plane is the second node there is.
            tolerations: [
              { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
            ],
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'kubernetes.io/hostname',
                whenUnsatisfiable: 'ScheduleAnyway',
                labelSelector: { matchLabels: selector },
              },
            ],
            containers: [
              {
                name: 'steady',
                image: program.image,
                imagePullPolicy: 'IfNotPresent',
                ...program.command,
                ports: [
                  {
                    name: 'http',
                    containerPort: STEADY_CONTROL_PORT,
                    ...(onHostPort ? { hostPort: STEADY_HOST_PORT } : {}),
                  },
                ],
                readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 1 },
                resources: { requests: { cpu: '10m', memory: '24Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'], add: program.capabilities },
                },
                volumeMounts: [{ name: 'program', mountPath: '/etc/rollproof', readOnly: true }],
              },
            ],
            volumes: [{ name: 'program', configMap: { name } }],
          },
        },
      },
    },
  ];
}

/** Outside the range of node ports and of what workloads commonly take. */
const STEADY_HOST_PORT = 28_471;

function coreDns(image: string, lingerSeconds: number) {
  const lameduck = lingerSeconds === 0 ? '' : ` {\n    lameduck ${lingerSeconds}s\n  }`;
  return {
    image,
    file: 'Corefile',
    content: `.:8053 {\n  health :${STEADY_CONTROL_PORT}${lameduck}\n}\n`,
    command: { args: ['-conf', '/etc/rollproof/Corefile'] },
    // The binary carries this file capability and does not start without it.
    capabilities: ['NET_BIND_SERVICE'],
  };
}

function nodeServer(image: string, lingerSeconds: number) {
  const linger =
    lingerSeconds === 0
      ? ''
      : `process.on('SIGTERM', () => setTimeout(() => process.exit(0), ${lingerSeconds * 1000}));\n`;
  return {
    image,
    file: 'serve.mjs',
    content: `import { createServer } from 'node:http';\ncreateServer((_, response) => response.end('OK')).listen(${STEADY_CONTROL_PORT});\n${linger}`,
    command: { command: ['node', '/etc/rollproof/serve.mjs'] },
    capabilities: [],
  };
}
