import { inertLine } from '../model/inert-text.ts';

export type CommandName = 'error' | 'warning' | 'notice' | 'group' | 'endgroup';

/**
 * One line that the GitHub runner understands as a command. Properties and message may be untrusted: what they say
 * can neither end the command nor start another one. Absent properties are left out.
 */
export function workflowCommand(
  name: CommandName,
  message = '',
  properties: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const given = Object.entries(properties)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${name}${given.length > 0 ? ` ${given.join(',')}` : ''}::${escapeMessage(message)}`;
}

function escapeMessage(text: string): string {
  return inertLine(text).replaceAll('%', '%25');
}

function escapeProperty(text: string): string {
  return escapeMessage(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
