import { styleText } from 'node:util';
import { inertLine, inertLines } from '../model/inert-text.ts';
import type { Annotation, AnnotationLevel } from './annotations.ts';
import { workflowCommand } from './workflow-command.ts';

/**
 * Where a run tells people what it is doing. Every text may be untrusted: it is printed inert (see model/inert-text.ts).
 */
export interface Log {
  /** Something that is finished and worth a line of its own, with the time since the log was opened. */
  line(text: string): void;
  /** A text as it is, without a time: a table, what a command printed. */
  text(text: string): void;
  /** Something worth knowing that changes nothing. */
  notice(text: string): void;
  /** Something doubtful that does not stop the run. */
  warning(text: string): void;
  /** What is going on now; it replaces the status before it. Cheap to call often. */
  status(text: string): void;
  /** A headed section, until it is disposed; in the Action's log it can be folded. */
  section(title: string): Disposable;
  /** In the Action: shown beside the code. Elsewhere: a line that starts with its level. */
  annotate(annotation: Annotation): void;
}

/**
 * `github`: the runner's log, with its commands for folding and annotations.
 * `terminal`: colours, and a status line that is overwritten. `plain`: neither.
 */
export type LogStyle = 'github' | 'terminal' | 'plain';

/** What a log writes to; process.stderr is one. */
export interface LogOutput {
  write(text: string): unknown;
  /** Width of a terminal in characters. */
  readonly columns?: number;
}

export interface LogOptions {
  readonly style: LogStyle;
  readonly output: LogOutput;
  /** Milliseconds on a clock that does not jump. */
  nowMs?(): number;
}

/** Without a terminal that can overwrite it, a status gets a line of its own at most this often. */
const STATUS_LINE_EVERY_MS = 5_000;

/** Chooses the style: the runner's where GITHUB_ACTIONS is set, a terminal's only on a terminal. */
export function logStyle(
  environment: Readonly<Record<string, string | undefined>>,
  output: { readonly isTTY?: boolean },
): LogStyle {
  if (environment.GITHUB_ACTIONS === 'true') return 'github';
  const plain = environment.CI || environment.NO_COLOR || environment.TERM === 'dumb';
  return output.isTTY && !plain ? 'terminal' : 'plain';
}

/** May what is written there be coloured? Only on a terminal whose user has not said no. */
export function hasColours(
  environment: Readonly<Record<string, string | undefined>>,
  output: { readonly isTTY?: boolean },
): boolean {
  return logStyle(environment, output) === 'terminal';
}

export function createLog({ style, output, nowMs = () => performance.now() }: LogOptions): Log {
  const openedMs = nowMs();
  let depth = 0;
  let statusShown = '';
  let nextStatusMs = openedMs;

  const put = (lines: readonly string[]) => {
    const erase = statusShown ? '\r\u001b[2K' : '';
    output.write(erase + lines.map((line) => `${line}\n`).join('') + statusShown);
  };
  const timed = (text: string) => {
    const [first = '', ...more] = inertLines(text);
    put([`${elapsed(nowMs() - openedMs)}  ${first}`, ...more.map((line) => `       ${line}`)]);
  };
  const showStatus = (text: string) => {
    if (style === 'terminal') {
      statusShown = text ? cut(`${elapsed(nowMs() - openedMs)}  ${text}`, (output.columns ?? 80) - 1) : '';
      output.write(`\r\u001b[2K${statusShown}`);
    } else if (text && nowMs() >= nextStatusMs) {
      nextStatusMs = nowMs() + STATUS_LINE_EVERY_MS;
      timed(text);
    }
  };
  const annotate = ({ level, title, message, place }: Annotation) => {
    if (style === 'github') {
      put([
        workflowCommand(level, message, { file: place?.file, line: place?.line, col: place?.column, title }),
      ]);
      return;
    }
    const where = place ? ` (${[place.file, place.line, place.column].filter(Boolean).join(':')})` : '';
    const heading = title ? `${title}: ` : '';
    put([`${paint(level, style)} ${inertLine(`${heading}${message}${where}`)}`]);
  };

  return {
    line: timed,
    text: (text) => put(inertLines(text)),
    notice: (text) => annotate({ level: 'notice', title: '', message: text }),
    warning: (text) => annotate({ level: 'warning', title: '', message: text }),
    status: (text) => showStatus(inertLine(text)),
    annotate,
    section(title) {
      // The runner's groups do not nest: an inner one would end the outer one.
      const folds = style === 'github' && depth === 0;
      depth += 1;
      put([folds ? workflowCommand('group', title) : inertLine(title)]);
      return {
        [Symbol.dispose]() {
          depth -= 1;
          if (style === 'terminal') showStatus('');
          if (folds) put([workflowCommand('endgroup')]);
        },
      };
    },
  };
}

function paint(level: AnnotationLevel, style: LogStyle): string {
  const colour = { error: 'red', warning: 'yellow', notice: 'cyan' } as const;
  return style === 'terminal'
    ? styleText(colour[level], `${level}:`, { validateStream: false })
    : `${level}:`;
}

/** `02:07`, minutes and seconds. */
function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
