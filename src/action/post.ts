import { releaseCluster } from './release-cluster.ts';

await releaseCluster();
