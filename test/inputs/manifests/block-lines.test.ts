import { describe, expect, it } from 'vitest';
import { parseManifests } from '../../../src/inputs/manifests/parse-manifests.ts';

const app = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  strategy: # one after the other
    type: RollingUpdate

    rollingUpdate: {maxSurge: 0}
  # about the template
  template:
    spec:
      containers:
        - name: web
          lifecycle:
            preStop: {exec: {command: [sleep, "5"]}}
        - lifecycle:
            preStop:
              exec:
                command:
                - sleep
                - "5"
            postStart: {}
---
kind: List
`;

function linesAt(text: string, ...path: readonly (string | number)[]) {
  return parseManifests({ file: 'web.yaml', text })[0]?.linesOf?.(path);
}
const containers = ['spec', 'template', 'spec', 'containers'];

describe('the lines of a key', () => {
  const text = app.split('---')[0] ?? '';

  it('are those of its block, without what follows it', () => {
    expect(linesAt(text, 'spec', 'strategy')).toEqual([
      '  strategy: # one after the other',
      '    type: RollingUpdate',
      '',
      '    rollingUpdate: {maxSurge: 0}',
    ]);
    expect(linesAt(text, ...containers, 1, 'lifecycle', 'preStop')).toEqual([
      '            preStop:',
      '              exec:',
      '                command:',
      '                - sleep',
      '                - "5"',
    ]);
  });

  it('are one line where the value is a flow on it', () => {
    expect(linesAt(text, ...containers, 0, 'lifecycle', 'preStop')).toEqual([
      '            preStop: {exec: {command: [sleep, "5"]}}',
    ]);
  });

  it('are none where it has no line for itself', () => {
    expect(linesAt(text, 'metadata', 'name')).toBeUndefined();
    expect(linesAt(text, ...containers, 1, 'lifecycle')).toBeUndefined();
    const json = JSON.stringify({
      apiVersion: 'v1',
      kind: 'A',
      metadata: { name: 'a' },
      spec: { b: { c: 1 } },
    });
    expect(linesAt(json, 'spec', 'b')).toBeUndefined();
    expect(linesAt(JSON.stringify(JSON.parse(json), null, 2), 'spec', 'b')).toBeUndefined();
  });
});
