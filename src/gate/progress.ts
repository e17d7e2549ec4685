/** How a run tells people what it is doing. Text may hold names from the user's cluster: implementations make it inert. */
export interface Progress {
  /** Something that is finished and worth a line of its own. */
  line(text: string): void;
  /** Something doubtful that does not stop the run. */
  warning(text: string): void;
  /** What is going on now; replaces the status before it. */
  status(text: string): void;
  /** A headed section; in the Action's log it can be folded. */
  section(title: string): Disposable;
}
