import { describe, expect, it } from 'vitest';
import { blamedField } from '../../src/workload/blamed-field.ts';

const content = {
  spec: {
    template: {
      spec: {
        containers: [{ name: 'proxy' }, { name: 'app', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
      },
    },
  },
};

describe('the field a refusal blames', () => {
  it.each([
    [
      'Deployment.apps "web" is invalid: spec.template.spec.containers[0].ports[1].containerPort: Invalid value: 99999',
      ['spec', 'template', 'spec', 'containers', 0, 'ports', 1, 'containerPort'],
    ],
    [
      'failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="app"].imagge: field not declared in schema',
      ['spec', 'template', 'spec', 'containers', 1, 'imagge'],
    ],
    [
      'failed: .spec.template.spec.containers[name="app"].ports[containerPort=80,protocol="TCP"].prot: field not declared',
      ['spec', 'template', 'spec', 'containers', 1, 'ports', 0, 'prot'],
    ],
    [
      'Widget "w" is invalid: metadata.labels: Invalid value: "a b": a label must consist of',
      ['metadata', 'labels'],
    ],
    ['.spec.containers[name="gone"].image: field not declared', ['spec', 'containers']],
    ['Widget "w" is invalid: spec: Required value', ['spec']],
    ['services "web" is forbidden: User "jane" cannot patch resource', []],
    ['quantities must match the regular expression', []],
  ])('%s', (message, path) => {
    expect(blamedField(message, content)).toEqual(path);
  });
});
