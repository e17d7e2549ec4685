/** One thing that `rollproof doctor` has looked at; its text may quote what programs printed. */
export interface Check {
  /** Stable, kebab-case: `docker-engine`. */
  readonly id: string;
  /** `fail`: no kind cluster can be made. `warn`: some can not, or not safely. */
  readonly status: 'ok' | 'warn' | 'fail';
  /** One sentence with what was found. */
  readonly text: string;
  /** The next step, where the status is not `ok`. */
  readonly remedy?: string;
}
