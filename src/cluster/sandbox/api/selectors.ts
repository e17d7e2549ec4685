import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type { KubeObject } from './objects.ts';
import { badRequest } from './status-error.ts';

type Labels = Readonly<Record<string, string>>;
type Predicate = (object: KubeObject) => boolean;

/** True where the labels meet every requirement of the selector; an empty selector meets everything. */
export function matchesSelector(selector: LabelSelector, labels: Labels = {}): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) =>
      meets(labels, key, operator, values ?? []),
    )
  );
}

/** `app=web,tier in (a,b),!legacy` as a predicate. Throws 400 for what can not be read. */
export function parseLabelSelector(text: string): Predicate {
  const requirements = splitOutsideParentheses(text).map((part) => {
    const set = /^\s*([^\s!=,()]+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(part);
    if (set)
      return requirement(
        set[1] ?? '',
        set[2] === 'in' ? 'In' : 'NotIn',
        (set[3] ?? '').split(',').map((value) => value.trim()),
      );
    const equality = /^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s,()]*)\s*$/.exec(part);
    if (equality)
      return requirement(equality[1] ?? '', equality[2] === '!=' ? 'NotIn' : 'In', [equality[3] ?? '']);
    const existence = /^\s*(!?)\s*([^\s!=,()]+)\s*$/.exec(part);
    if (existence)
      return requirement(existence[2] ?? '', existence[1] === '!' ? 'DoesNotExist' : 'Exists', []);
    throw badRequest(`unable to parse requirement: "${part}"`);
  });
  return ({ metadata }) => requirements.every((holds) => holds(metadata.labels ?? {}));
}

/** `metadata.name=x,spec.nodeName!=y` as a predicate over fields that are strings. Throws 400 for what can not be read. */
export function parseFieldSelector(text: string): Predicate {
  const requirements = text
    .split(',')
    .filter(Boolean)
    .map((part) => {
      const match = /^\s*([^\s!=]+?)\s*(==|=|!=)\s*(\S*)\s*$/.exec(part);
      if (!match) throw badRequest(`invalid field selector: "${part}"`);
      const [, path = '', operator, value = ''] = match;
      return (object: KubeObject) => (fieldText(object, path) === value) === (operator !== '!=');
    });
  return (object) => requirements.every((holds) => holds(object));
}

function requirement(key: string, operator: string, values: readonly string[]) {
  return (labels: Labels) => meets(labels, key, operator, values);
}

function meets(labels: Labels, key: string, operator: string, values: readonly string[]): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

function splitOutsideParentheses(text: string): string[] {
  return text === '' ? [] : text.split(/,(?![^(]*\))/);
}

function fieldText(object: unknown, path: string): string {
  let value = object;
  for (const key of path.split('.'))
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value === undefined ? '' : String(value);
}
