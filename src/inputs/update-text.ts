import type { Update } from '../model/scenario.ts';
import { sequenceOfRun } from '../model/sequence.ts';

/** The forms in which an update is written. */
export const UPDATE_FORMS = [
  'restart',
  'move',
  'apply:<path>',
  'apply:git:base',
  'image:<container>=<reference>',
  'env:<name>=<value>',
  'sequence:<name>',
  'command:<command>',
] as const;

/** One line of text as an update; undefined where it has none of the forms. */
export function parseUpdate(text: string): Update | undefined {
  const separator = text.indexOf(':');
  const kind = (separator < 0 ? text : text.slice(0, separator)).trim();
  const detail = separator < 0 ? '' : text.slice(separator + 1).trim();
  switch (kind) {
    case 'restart':
    case 'move':
      return separator < 0 ? { kind } : undefined;
    case 'apply':
      return isOneLine(detail) ? { kind, from: detail } : undefined;
    case 'image': {
      const [container, image] = assignment(detail);
      return container && image && /^\S+$/.test(image) ? { kind, container, image } : undefined;
    }
    case 'env': {
      const [name, value] = assignment(detail);
      return name && value !== undefined && ENVIRONMENT_NAME.test(name) ? { kind, name, value } : undefined;
    }
    case 'sequence':
      return ENVIRONMENT_NAME.test(detail) ? { kind, name: detail, ...sequenceOfRun(1) } : undefined;
    case 'command':
      return detail ? { kind, command: detail } : undefined;
    default:
      return undefined;
  }
}

const ENVIRONMENT_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

function assignment(detail: string): [name: string | undefined, value: string | undefined] {
  const separator = detail.indexOf('=');
  if (separator < 0) return [undefined, undefined];
  return [detail.slice(0, separator).trim(), detail.slice(separator + 1)];
}

function isOneLine(detail: string): boolean {
  return detail !== '' && !/[\0\r\n]/.test(detail);
}
