import type { KubeManifest } from '../../src/platform/kube-apply.ts';

/** Where the app writes on its node when each request came. */
export const LOG_FOLDER = '/var/log/rollproof-bench';
export const NAMESPACE = 'bench';
export const NAME = 'witness';

/**
 * nginx that answers at once and writes down, to the millisecond, when it did: the witness of both tools. It is told to
 * end only when nodes have long stopped sending to it, so that no request is lost for want of a good Deployment.
 */
const NGINX = `user root root;
worker_processes 1;
error_log stderr crit;
pid /tmp/nginx.pid;
events { worker_connections 4096; }
http {
  log_format arrival '$msec';
  keepalive_requests 1000000;
  server {
    listen 8080 backlog=4096;
    location = /ready { access_log off; return 200; }
    location / { access_log ${LOG_FOLDER}/POD.log arrival; default_type text/plain; return 200 ok; }
  }
}
`;

/** ConfigMap, Service of type NodePort and Deployment of the witness. */
export function witnessManifests(replicas: number): readonly KubeManifest[] {
  const metadata = { name: NAME, namespace: NAMESPACE };
  const labels = { app: NAME };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'nginx.conf': NGINX } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 8080, targetPort: 8080 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: NAME,
                image: 'nginx:1.22',
                command: [
                  'sh',
                  '-c',
                  `sed "s/POD/$HOSTNAME/" /conf/nginx.conf >/tmp/nginx.conf && exec nginx -c /tmp/nginx.conf -g 'daemon off;'`,
                ],
                ports: [{ containerPort: 8080 }],
                readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 },
                lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
                volumeMounts: [
                  { name: 'conf', mountPath: '/conf' },
                  { name: 'log', mountPath: LOG_FOLDER },
                ],
              },
            ],
            volumes: [
              { name: 'conf', configMap: { name: NAME } },
              { name: 'log', hostPath: { path: LOG_FOLDER, type: 'DirectoryOrCreate' } },
            ],
          },
        },
      },
    },
  ];
}
