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
  const labels = {
    'app.kubernetes.io/name': STEADY_CONTROL_NAME,
    ...OUR_LABEL,
  };
  const metadata = { name: STEADY_CONTROL_NAME, namespace: shape.namespace, labels };
  const selector = { 'app.kubernetes.io/name': STEADY_CONTROL_NAME };
  const program =
    shape.coreDnsImage === undefined ? nodeServer(shape.proberImage) : coreDns(shape.coreDnsImage);
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
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            ...(onHostPort && shape.entryNode ? { nodeName: shape.entryNode } : {}),
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 1,
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
            volumes: [{ name: 'program', configMap: { name: STEADY_CONTROL_NAME } }],
          },
        },
      },
    },
  ];
}

/** Outside the range of node ports and of what workloads commonly take. */
const STEADY_HOST_PORT = 28_471;

function coreDns(image: string) {
  return {
    image,
    file: 'Corefile',
    content: `.:8053 {\n  health :${STEADY_CONTROL_PORT}\n}\n`,
    command: { args: ['-conf', '/etc/rollproof/Corefile'] },
    // The binary carries this file capability and does not start without it.
    capabilities: ['NET_BIND_SERVICE'],
  };
}

function nodeServer(image: string) {
  return {
    image,
    file: 'serve.mjs',
    content: `import { createServer } from 'node:http';\ncreateServer((_, response) => response.end('OK')).listen(${STEADY_CONTROL_PORT});\n`,
    command: { command: ['node', '/etc/rollproof/serve.mjs'] },
    capabilities: [],
  };
}
