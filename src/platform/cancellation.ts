import { CancelledError } from '../model/problem.ts';

/**
 * An AbortSignal that fires on Ctrl-C and on the runner's cancellation; its reason is a CancelledError.
 * Disposing takes the listeners away again, so that the process can end by itself.
 */
export function cancellation(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onSigint = () => controller.abort(new CancelledError('SIGINT'));
  const onSigterm = () => controller.abort(new CancelledError('SIGTERM'));
  process.on('SIGINT', onSigint);
  process.on('SIGTERM', onSigterm);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSigint);
      process.off('SIGTERM', onSigterm);
    },
  };
}
