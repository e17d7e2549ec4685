/** The label on every object that Rollproof makes in a cluster: what carries it is ours, and may be read and removed. */
export const OUR_LABEL = { 'app.kubernetes.io/managed-by': 'rollproof' } as const;
