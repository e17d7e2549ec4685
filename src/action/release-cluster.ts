import { getState, warning } from '@actions/core';
import { removeCluster } from '../cluster/remove-cluster.ts';
import { messageOf } from '../model/problem.ts';
import { CLUSTER_STATE } from './cluster-state.ts';

/**
 * The Action's last net: removes the cluster that `main` created if it is still there. It runs after success, failure
 * and cancellation alike, and never fails a job: what could not be removed is a warning.
 */
export async function releaseCluster(): Promise<void> {
  const name = getState(CLUSTER_STATE);
  if (name === '') return;
  try {
    await removeCluster(name);
  } catch (error) {
    warning(`The kind cluster ${name} could not be removed: ${messageOf(error)}`);
  }
}
