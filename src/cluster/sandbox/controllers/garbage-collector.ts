import { RESOURCES } from '../api/resources.ts';
import type { ControllerContext, ControllerLoop } from './controller.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Deletes what an owner leaves behind: before the owner goes (foreground) or after (background). */
export function garbageCollectorLoop({ api }: ControllerContext): ControllerLoop {
  return {
    concerns({ object, type }) {
      const owners = (object.metadata.ownerReferences ?? []).map(({ uid }) => uid);
      if (type === 'DELETED') return [object.metadata.uid, ...owners];
      return object.metadata.deletionTimestamp ? [object.metadata.uid] : [];
    },
    reconcile(uid) {
      const everything = RESOURCES.flatMap((resource) =>
        api.store.list(resource).map((object) => ({ resource, object })),
      );
      const owner = everything.find(({ object }) => object.metadata.uid === uid);
      const finalizers = owner?.object.metadata.finalizers ?? [];
      const dependents = everything.filter(({ object }) =>
        object.metadata.ownerReferences?.some((reference) => reference.uid === uid),
      );
      const goes = !owner || finalizers.includes(FOREGROUND);
      const targetOf = ({ resource, object }: (typeof everything)[number]) => ({
        resource,
        namespace: object.metadata.namespace,
        name: object.metadata.name,
      });
      if (owner && finalizers.includes(ORPHAN)) {
        for (const dependent of dependents) {
          api.update(targetOf(dependent), (draft) => {
            draft.metadata.ownerReferences = (draft.metadata.ownerReferences ?? []).filter(
              (reference) => reference.uid !== uid,
            );
          });
        }
      } else if (goes) {
        for (const dependent of dependents) {
          const deleting = dependent.object.metadata.deletionTimestamp !== undefined;
          if (!deleting)
            api.delete(targetOf(dependent), { propagationPolicy: owner ? 'Foreground' : 'Background' });
        }
      }
      const done =
        finalizers.includes(ORPHAN) || (finalizers.includes(FOREGROUND) && dependents.length === 0);
      if (owner && done) {
        api.update(targetOf(owner), (draft) => {
          draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter(
            (name) => name !== ORPHAN && name !== FOREGROUND,
          );
        });
      }
      return undefined;
    },
  };
}
