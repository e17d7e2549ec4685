import { releaseCluster } from './release-cluster.ts';

await releaseCluster(process.env);
