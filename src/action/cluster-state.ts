/** Under this name `main` tells `post` which cluster it created; absent where there is nothing to remove. */
export const CLUSTER_STATE = 'cluster';
