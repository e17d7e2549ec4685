import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestNodeImage } from './node-image.ts';

/** A kind cluster of one node that a test boots by itself, as a user would. */
export interface KindCluster {
  readonly kubeconfig: string;
  /** The name of its node's container. */
  readonly node: string;
  /** Boots it, loads the images, and returns when its node is Ready. */
  boot(images: readonly string[]): void;
  kubectl(...args: string[]): string;
  onNode(...args: string[]): string;
  remove(): void;
}

/** Names the cluster and where its kubeconfig goes; nothing is booted yet. */
export function kindCluster(name: string): KindCluster {
  const kubeconfig = join(mkdtempSync(join(tmpdir(), `${name}-`)), 'kubeconfig');
  const node = `${name}-control-plane`;
  const place = ['--name', name, '--kubeconfig', kubeconfig];
  const kubectl = (...args: string[]) => run('kubectl', '--kubeconfig', kubeconfig, ...args);
  return {
    kubeconfig,
    node,
    kubectl,
    boot(images) {
      const image = process.env.ROLLPROOF_NODE_IMAGE ?? newestNodeImage();
      run('kind', 'create', 'cluster', ...place, ...(image ? ['--image', image] : []));
      for (const wanted of images) run('kind', 'load', 'docker-image', wanted, '--name', name);
      kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=120s');
    },
    onNode: (...args) => run('docker', 'exec', node, ...args),
    remove() {
      run('kind', 'delete', 'cluster', ...place);
    },
  };
}

function run(file: string, ...args: string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe' });
}
