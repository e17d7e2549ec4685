/** First line of every report that was made on the sandbox: it must not be taken for a verdict on a real cluster. */
export const SANDBOX_NOTICE = 'sandbox: no container, no kernel network; use kind for a verdict that counts';
