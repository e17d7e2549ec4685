import { CONFIG_MAPS, NAMESPACES, RESOURCES, SERVICE_ACCOUNTS } from '../api/resources.ts';
import { type ControllerContext, type ControllerLoop, parseKey } from './controller.ts';

/** Keeps a namespace from going before its content is gone. */
export const NAMESPACE_FINALIZER = 'sandbox/content';

/** Empties namespaces that are being deleted, and lets them go once they are empty. */
export function namespaceLoop({ api }: ControllerContext): ControllerLoop {
  return {
    concerns({ resource, object, type }) {
      const name = resource === NAMESPACES ? object.metadata.name : object.metadata.namespace;
      const terminating = resource === NAMESPACES || type === 'DELETED';
      return terminating && name !== '' ? [`/${name}`] : [];
    },
    reconcile(key) {
      const { name } = parseKey(key);
      const target = { resource: NAMESPACES, namespace: '', name };
      const namespace = api.find(NAMESPACES, '', name);
      if (!namespace) return undefined;
      if (!namespace.metadata.deletionTimestamp) {
        api.update(target, (draft) => {
          draft.metadata.finalizers = [
            ...new Set([...(draft.metadata.finalizers ?? []), NAMESPACE_FINALIZER]),
          ];
        });
        furnish(name);
        return undefined;
      }
      api.update(target, (draft) => {
        draft.status = { ...draft.status, phase: 'Terminating' };
      });
      const content = RESOURCES.filter(({ namespaced }) => namespaced).flatMap((resource) =>
        api.store.list(resource, name).map((object) => ({ resource, object })),
      );
      for (const { resource, object } of content) {
        if (!object.metadata.deletionTimestamp)
          api.delete({ resource, namespace: name, name: object.metadata.name });
      }
      if (content.length === 0) {
        api.update(target, (draft) => {
          draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter(
            (finalizer) => finalizer !== NAMESPACE_FINALIZER,
          );
        });
      }
      return undefined;
    },
  };

  /** What every namespace has, and what clients wait for before they use it. */
  function furnish(namespace: string): void {
    const wanted = [
      { resource: SERVICE_ACCOUNTS, name: 'default', content: {} },
      { resource: CONFIG_MAPS, name: 'kube-root-ca.crt', content: { data: { 'ca.crt': '' } } },
    ];
    for (const { resource, name, content } of wanted) {
      if (!api.find(resource, namespace, name))
        api.create(
          resource,
          namespace,
          { metadata: { name }, ...content },
          { manager: 'kube-controller-manager' },
        );
    }
  }
}
