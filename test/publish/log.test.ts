import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog, type Log, type LogStyle, logStyle } from '../../src/publish/log.ts';
import { anyText } from '../support/any-text.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { recognisedCommands } from '../support/runner-log-commands.ts';

interface Captured {
  readonly log: Log;
  text(): string;
  lines(): string[];
  clock: { nowMs: number };
}

function capture(style: LogStyle, columns?: number): Captured {
  const chunks: string[] = [];
  const clock = { nowMs: 0 };
  const output = {
    write: (chunk: string) => chunks.push(chunk),
    ...(columns === undefined ? {} : { columns }),
  };
  const log = createLog({ style, output, nowMs: () => clock.nowMs });
  const text = () => chunks.join('');
  return { log, clock, text, lines: () => text().split('\n').slice(0, -1) };
}

/** Everything a log can be asked to print with a text that is not ours. */
const ways: Readonly<Record<string, (log: Log, text: string) => void>> = {
  line: (log, text) => log.line(text),
  text: (log, text) => log.text(text),
  status: (log, text) => log.status(text),
  notice: (log, text) => log.notice(text),
  warning: (log, text) => log.warning(text),
  section: (log, text) => log.section(text)[Symbol.dispose](),
  annotation: (log, text) =>
    log.annotate({ level: 'error', title: text, message: text, place: { file: text, line: 3, column: 1 } }),
};

const attacks = [
  'x ##[add-mask]pass',
  '  ::set-output name=verdict::pass',
  '::add-matcher::x.json',
  'fine\n::echo::on',
  'fine\r::stop-commands::abc',
  'fine\u2028::error::no',
  'fine\u0085::error::no',
  '\u00a0\u3000\ufeff::error::no',
  ':\u200b:error::no',
  '#\u00ad#[error]no',
  '#\u001b[0m#[error]no',
  '\u001b[2K\r::set-env name=PATH::/evil',
  ':::error::no',
  '%0A::error::no',
  '###[group]##[endgroup]',
];

describe.each(Object.keys(ways))('hostile text in %s', (way) => {
  it('is never taken for a command of its own', () => {
    for (const attack of attacks) expectHarmless(way, attack);
  });

  it('is never taken for a command of its own, whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ':',
        '::',
        '#',
        '##',
        '##[',
        '[',
        ']',
        '\n',
        '\r',
        '\u001b[',
        '%0A',
        '%',
        ' ',
        '\t',
        ',',
        '=',
      ),
      fc.constantFrom(
        'add-mask',
        'set-output name=verdict',
        'error',
        'stop-commands',
        'group',
        'endgroup',
        'pass',
      ),
      fc.constantFrom(
        '\u200b',
        '\u00ad',
        '\ufeff',
        '\u202e',
        '\u2028',
        '\u0085',
        '\u180e',
        '\u034f',
        '\ufe0f',
        '\ud800',
      ),
      anyText({ maxLength: 3 }),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (hostile) => expectHarmless(way, hostile)),
      propertyRuns(600),
    );
  });
});

function expectHarmless(way: string, hostile: string): void {
  const plain = capture('plain');
  ways[way]?.(plain.log, hostile);
  expect(recognisedCommands(plain.text())).toEqual([]);

  // In the runner's log our own commands are recognised, as many as for a harmless text and with the same names.
  const github = capture('github');
  ways[way]?.(github.log, hostile);
  const harmless = capture('github');
  ways[way]?.(harmless.log, 'harmless');
  const names = (text: string) =>
    recognisedCommands(text).map(({ name, properties }) => [name, properties.line]);
  expect(names(github.text())).toEqual(names(harmless.text()));

  const glyphs = plain.text().replaceAll('\n', '').replaceAll('\t', '');
  expect(glyphs).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u);
}

describe('a log for the runner', () => {
  it('says commands that the runner understands', () => {
    const { log, text } = capture('github');
    {
      using _section = log.section('Cluster');
      log.line('nodes ready');
    }
    log.annotate({
      level: 'error',
      title: 'web: 3 of 9, lost',
      message: '50% gone: a, b',
      place: { file: 'k8s/web.yaml', line: 31 },
    });
    expect(recognisedCommands(text())).toEqual([
      { name: 'group', properties: {}, data: 'Cluster' },
      { name: 'endgroup', properties: {}, data: '' },
      {
        name: 'error',
        properties: { file: 'k8s/web.yaml', line: '31', title: 'web: 3 of 9, lost' },
        data: '50% gone: a, b',
      },
    ]);
  });

  it('does not nest groups, because an inner one would end the outer one', () => {
    const { log, lines } = capture('github');
    {
      using _outer = log.section('Run 1');
      {
        using _inner = log.section('Deploy');
      }
      log.line('still inside');
    }
    expect(lines()).toEqual(['::group::Run 1', 'Deploy', '00:00  still inside', '::endgroup::']);
  });

  it('gives a status a line of its own at most every five seconds', () => {
    const { log, clock, lines } = capture('github');
    for (clock.nowMs = 0; clock.nowMs <= 12_000; clock.nowMs += 100) log.status(`${clock.nowMs / 1000} s`);
    expect(lines()).toEqual(['00:00  0 s', '00:05  5 s', '00:10  10 s']);
  });
});

describe('a log for a terminal', () => {
  it('overwrites its status and keeps it below the lines', () => {
    const { log, text } = capture('terminal');
    log.status('booting');
    log.line('nodes ready');
    log.status('');
    expect(text()).toBe('\r\u001b[2K00:00  booting\r\u001b[2K00:00  nodes ready\n00:00  booting\r\u001b[2K');
  });

  it('cuts a status to the width of the terminal, so that it can be overwritten', () => {
    const { log, text } = capture('terminal', 20);
    log.status('a status that is much too long');
    expect(text().replace('\r\u001b[2K', '')).toHaveLength(19);
  });

  it('colours levels', () => {
    const { log, text } = capture('terminal');
    log.warning('doubtful');
    expect(text()).toBe('\u001b[33mwarning:\u001b[39m doubtful\n');
  });
});

describe('a plain log', () => {
  it('has the time of every line and the place of every annotation', () => {
    const { log, clock, lines } = capture('plain');
    clock.nowMs = 127_000;
    log.line('first\nsecond');
    log.annotate({
      level: 'error',
      title: 'RP1003',
      message: 'No port.',
      place: { file: 'web.yaml', line: 3, column: 5 },
    });
    expect(lines()).toEqual(['02:07  first', '       second', 'error: RP1003: No port. (web.yaml:3:5)']);
  });
});

describe('the style of a log', () => {
  it.each([
    [{ GITHUB_ACTIONS: 'true' }, { isTTY: true }, 'github'],
    [{}, { isTTY: true }, 'terminal'],
    [{}, {}, 'plain'],
    [{ NO_COLOR: '1' }, { isTTY: true }, 'plain'],
    [{ CI: 'true' }, { isTTY: true }, 'plain'],
    [{ TERM: 'dumb' }, { isTTY: true }, 'plain'],
  ])('%o on %o is %s', (environment, output, style) => {
    expect(logStyle(environment, output)).toBe(style);
  });
});
