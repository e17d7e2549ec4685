import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadInputError } from '../../src/model/problem.ts';
import { applyWorkload } from '../../src/workload/apply-workload.ts';
import { type FakeKube, refusal, type SeenRequest, startFakeKube } from '../support/fake-kube.ts';
import { manifestObject } from '../support/manifest-objects.ts';

let fake: FakeKube;

beforeEach(async () => {
  fake = await startFakeKube();
  const resource = (name: string, kind: string, namespaced = true) => ({ name, kind, namespaced });
  fake.answer('/api/v1', {
    resources: [
      resource('configmaps', 'ConfigMap'),
      resource('services', 'Service'),
      resource('pods/log', 'Pod'),
    ],
  });
  fake.answer('/apis/apps/v1', { resources: [resource('deployments', 'Deployment')] });
  fake.answer('/apis/rbac.authorization.k8s.io/v1', {
    resources: [resource('rolebindings', 'RoleBinding'), resource('clusterroles', 'ClusterRole', false)],
  });
  accept();
});

afterEach(() => fake[Symbol.asyncDispose]());

/** Every write is accepted and echoed, after `change`. */
function accept(change: (request: SeenRequest) => unknown = ({ body }) => body): void {
  fake.decide((request) => (request.method === 'PATCH' ? { status: 200, body: change(request) } : undefined));
}

const apply = (
  objects: Parameters<typeof applyWorkload>[0]['objects'],
  provider: 'kind' | 'existing' = 'kind',
) =>
  applyWorkload({
    cluster: { kubeConfig: fake.kubeConfig, provider },
    namespace: 'own',
    objects,
    signal: new AbortController().signal,
  });

const problemsOf = async (applying: Promise<unknown>) => {
  const error = await applying.catch((error: unknown) => error);
  if (!(error instanceof BadInputError)) throw error;
  return error.problems;
};

const written = () => fake.seen.filter(({ method }) => method === 'PATCH').map(({ path }) => path);

const deployment = manifestObject({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    template: { spec: { containers: [{ name: 'app', lifecycle: { preStop: { sleep: { seconds: 10 } } } }] } },
  },
});
const service = manifestObject({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { ports: [{ port: 80 }] },
});
const config = manifestObject({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { a: 'b' },
});
const namespace = manifestObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
const clusterRole = manifestObject({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'reader' },
  rules: [{ verbs: ['get'] }],
});

describe('applying the workload', () => {
  it('brings everything into its own namespace, what others need first, and creates no namespace of the user', async () => {
    await expect(apply([namespace, deployment, service, config])).resolves.toEqual([]);
    expect(written()).toEqual([
      '/api/v1/namespaces/own/configmaps/settings',
      '/api/v1/namespaces/own/services/web',
      '/apis/apps/v1/namespaces/own/deployments/web',
    ]);
    const body = fake.seen.find(({ path }) => path.endsWith('deployments/web'))?.body;
    expect(body).toMatchObject({ metadata: { name: 'web', namespace: 'own' } });
  });

  it('lets bindings follow the ServiceAccounts that moved, and no others', async () => {
    const account = (name: string, of?: string) => ({
      kind: 'ServiceAccount',
      name,
      ...(of ? { namespace: of } : {}),
    });
    const binding = manifestObject({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'web', namespace: 'shop' },
      subjects: [
        account('web', 'shop'),
        account('open'),
        account('dns', 'kube-system'),
        { kind: 'User', name: 'jane' },
      ],
    });
    await apply([binding]);
    expect(fake.seen.find(({ method }) => method === 'PATCH')?.body).toMatchObject({
      subjects: [
        account('web', 'own'),
        account('open', 'own'),
        account('dns', 'kube-system'),
        { kind: 'User', name: 'jane' },
      ],
    });
  });

  it('tells with its place which field the server has dropped without a word', async () => {
    accept(() => ({
      ...deployment.content,
      spec: {
        template: {
          spec: { containers: [{ name: 'sidecar' }, { name: 'app', lifecycle: { preStop: {} } }] },
        },
      },
    }));
    await expect(apply([deployment])).resolves.toEqual([
      expect.stringMatching(
        /^app\.yaml:18:1: .*dropped spec\.template\.spec\.containers\.0\.lifecycle\.preStop\.sleep/,
      ),
    ]);
  });

  it('reports every refusal at once, each at the field that is to blame', async () => {
    fake.decide(({ method, path }) => {
      if (method !== 'PATCH') return undefined;
      if (path.endsWith('/services/web')) return refusal(403, 'Forbidden', 'services "web" is forbidden');
      const message =
        'Deployment.apps "web" is invalid: spec.template.spec.containers[0].image: Required value';
      return refusal(422, 'Invalid', message);
    });
    const problems = await problemsOf(apply([deployment, service]));
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ['RP1503', 'app.yaml:10:1'],
      ['RP1503', 'app.yaml:16:1'],
    ]);
  });

  it('applies cluster-scoped objects to a cluster of its own and to no other', async () => {
    await apply([clusterRole]);
    expect(written()).toEqual(['/apis/rbac.authorization.k8s.io/v1/clusterroles/reader']);
    const problems = await problemsOf(apply([clusterRole], 'existing'));
    expect(problems).toMatchObject([{ code: 'RP1502', where: 'app.yaml:10:1' }]);
  });

  it('says so where the cluster does not know a kind', async () => {
    const unknown = manifestObject({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    expect(await problemsOf(apply([unknown]))).toMatchObject([{ code: 'RP1501', where: 'app.yaml:10:1' }]);
  });

  it('waits for a kind that the manifests themselves define', async () => {
    const definition = manifestObject({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: { group: 'example.com', names: { kind: 'Widget', plural: 'widgets' } },
    });
    const widget = manifestObject({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    fake.answer('/apis/apiextensions.k8s.io/v1', {
      resources: [{ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false }],
    });
    let looks = 0;
    fake.decide(({ method, path, body }) => {
      if (method === 'PATCH') return { status: 200, body };
      if (path !== '/apis/example.com/v1' || ++looks < 3) return undefined;
      return { status: 200, body: { resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] } };
    });
    await apply([widget, definition]);
    expect(written().at(-1)).toBe('/apis/example.com/v1/namespaces/own/widgets/w');
  });
});
