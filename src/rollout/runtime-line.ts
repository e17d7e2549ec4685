import type { RuntimeFact } from '../model/recording.ts';

/** Something that a container runtime did to a container. */
export interface RuntimeEvent extends Pick<RuntimeFact, 'what' | 'program' | 'exitCode' | 'signal'> {
  readonly containerId: string;
  /** By the node's own clock, milliseconds since the epoch. */
  readonly wallMs: number;
}

/** containerd's log: `time="2026-11-21T08:14:45.813549241Z" level=info msg="Stop container \"89fd…\" with signal quit"` */
const SIGNAL = /^time="([^"]+)" .*msg="Stop container \\"([0-9a-f]+)\\" with signal ([a-z0-9 ]+)"/;

/** `ctr events`: `2026-11-21 08:25:23.53 +0000 UTC k8s.io /tasks/exit {"container_id":"41a1…","id":"41a1…","exit_status":1}` */
const EVENT = /^(\S+ \S+) \+0000 UTC \S+ (\/tasks\/(?:exec-started|exit)) (\{.*\})$/;

/** Reads a line of containerd's log or of its events; undefined where it is about something else. */
export function parseRuntimeLine(line: string): RuntimeEvent | undefined {
  const [, loggedAt = '', stopped, signal] = SIGNAL.exec(line) ?? [];
  if (stopped !== undefined && signal !== undefined) {
    return at(loggedAt, { containerId: stopped, what: 'signalled', signal });
  }
  const [, toldAt = '', topic, body] = EVENT.exec(line) ?? [];
  if (topic === undefined || body === undefined) return undefined;
  const text = (key: string) => new RegExp(`"${key}":"([^"]+)"`).exec(body)?.[1];
  const containerId = text('container_id');
  if (containerId === undefined) return undefined;
  if (topic === '/tasks/exec-started') {
    const program = text('exec_id');
    return program === undefined ? undefined : at(toldAt, { containerId, what: 'program-started', program });
  }
  const id = text('id');
  // What is 0 is left out.
  const exitCode = Number(/"exit_status":(\d+)/.exec(body)?.[1] ?? 0);
  if (id === undefined || id === containerId) return at(toldAt, { containerId, what: 'ended', exitCode });
  return at(toldAt, { containerId, what: 'program-ended', program: id, exitCode });
}

function at(instant: string, event: Omit<RuntimeEvent, 'wallMs'>): RuntimeEvent | undefined {
  const [, day, time, fraction = ''] = /^(\S{10})[T ](\d\d:\d\d:\d\d)(\.\d+)?/.exec(instant) ?? [];
  const secondMs = Date.parse(`${day}T${time}Z`);
  return Number.isNaN(secondMs) ? undefined : { ...event, wallMs: secondMs + Number(`0${fraction}`) * 1000 };
}
