/** The label on every object that Rollproof makes in a cluster: what carries it is ours, and may be read and removed. */
export const OUR_LABEL = { 'app.kubernetes.io/managed-by': 'rollproof' } as const;

/** The finalizer by which we keep a pod's object until it tells how its containers ended. */
export const EXIT_CODE_FINALIZER = 'rollproof.dev/keeps-exit-code';
