import { describe, expect, it } from 'vitest';
import { withPlaces } from '../../src/gate/template-places.ts';
import { parseManifests } from '../../src/inputs/manifests/parse-manifests.ts';
import type { TemplateContainer, TemplateFact } from '../../src/model/recording.ts';
import { aScenario } from '../support/a-recording.ts';

const app = (command: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy:
    type: Recreate
  template:
    spec:
      containers:
        - name: web
          lifecycle:
            preStop:
              exec:
                command: ${command}
`;

function placesOf(command: string, preStop: TemplateContainer['preStop'], renderedFrom?: true) {
  const place = { file: 'kustomization.yaml', line: 1, column: 1 };
  const objects = parseManifests({
    file: 'web.yaml',
    text: app(command),
    ...(renderedFrom && { renderedFrom: place }),
  });
  const template: TemplateFact = {
    kind: 'template',
    atMs: 0,
    templateHash: 'a',
    hostNetwork: false,
    gracePeriodSeconds: 30,
    strategy: { type: 'Recreate' },
    containers: [{ name: 'web', ports: [], ...(preStop && { preStop }) }],
  };
  return withPlaces(template, { scenario: aScenario(), repeat: 1, objects }).places;
}

describe('the places of a template', () => {
  it('come with the lines of a hook that only sleeps, and of the strategy', () => {
    const places = placesOf('[sleep, "5"]', { how: 'exec', seconds: 5 });
    expect(places).toMatchObject({
      preStop: { file: 'web.yaml', line: 13, column: 13 },
      preStopLines: ['            preStop:', '              exec:', '                command: [sleep, "5"]'],
      strategyLines: ['  strategy:', '    type: Recreate'],
    });
  });

  it('come without the lines of a hook that does anything else: they may hold a secret', () => {
    const places = placesOf('[curl, -H, "token: abc", "http://registry/leave"]', { how: 'exec' });
    expect(places?.preStop).toEqual({ file: 'web.yaml', line: 13, column: 13 });
    expect(JSON.stringify(places)).not.toContain('abc');
  });

  it('are none where a tool rendered the manifest', () => {
    expect(placesOf('[sleep, "5"]', { how: 'exec', seconds: 5 }, true)).toBeUndefined();
  });
});
