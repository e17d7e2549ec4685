import { immutableJSONPatch, type JSONPatchDocument } from 'immutable-json-patch';
import type { SandboxClock } from '../clock.ts';
import { isJsonObject, type Json, type JsonObject, sameJson } from '../json.ts';
import type { AddressBlock } from '../network/address-block.ts';
import { type Random, randomSuffix, randomUuid, seededRandom } from '../random.ts';
import { allocateService } from './allocation.ts';
import { withDefaults } from './defaulting.ts';
import type { KubeObject, Meta, Pod, Service } from './objects.ts';
import { type ManagedFields, ownersAfterUpdate, serverSideApply } from './patch/server-side-apply.ts';
import { mergePatch } from './patch/strategic-merge.ts';
import { apiVersionOf, NAMESPACES, PODS, qualifiedName, type Resource, SERVICES } from './resources.ts';
import { brokenRules, type PodSpecJudge, podSpecsOf } from './rules.ts';
import type { Schema } from './schema.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  notFound,
  outdated,
  StatusError,
} from './status-error.ts';
import { Store } from './store.ts';
import { checkAgainstSchema } from './validation.ts';

/** Which object is meant. Cluster-scoped ones have the namespace ''. */
export interface Target<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly namespace: string;
  readonly name: string;
}

/** How a write was asked for. */
export interface WriteOptions {
  readonly manager: string;
  /** `status` writes the status and nothing else; absent writes everything but the status. */
  readonly subresource?: 'status';
  readonly dryRun?: boolean;
  /** What happens to fields that no schema knows; default `Warn`. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** Receives one line for everything doubtful. */
  warn?(line: string): void;
}

export type Patch =
  | { readonly kind: 'json'; readonly operations: JSONPatchDocument }
  | { readonly kind: 'merge'; readonly patch: JsonObject }
  | { readonly kind: 'strategic'; readonly patch: JsonObject }
  | { readonly kind: 'apply'; readonly config: JsonObject; readonly force: boolean };

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export interface ClusterApiOptions {
  readonly clock: SandboxClock;
  readonly seed: number;
  readonly addresses: AddressBlock;
  /** Refuses pod specs that nothing in the sandbox can run. */
  readonly judgePodSpec: PodSpecJudge;
}

/**
 * What an API server does between the HTTP request and the store: decoding, defaults, rules, allocation, ownership of
 * fields, versions and generations, graceful deletion and finalizers. Every refusal is a StatusError. Nothing in it
 * waits, so every call is atomic.
 */
export class ClusterApi {
  readonly store: Store;
  readonly #clock: SandboxClock;
  readonly #random: Random;
  readonly #options: ClusterApiOptions;

  constructor(options: ClusterApiOptions, store = new Store()) {
    this.store = store;
    this.#options = options;
    this.#clock = options.clock;
    this.#random = seededRandom(options.seed, 'api');
  }

  /** The object, or undefined. */
  find<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): T | undefined {
    return this.store.find(resource, namespace, name);
  }

  /** The object. Throws 404. */
  get<T extends KubeObject>({ resource, namespace, name }: Target<T>): T {
    const object = this.find(resource, namespace, name);
    if (!object) throw notFound(resource, name);
    return object;
  }

  /** Creates an object from what a client sent. Throws 400, 404 (namespace), 409, 422. */
  create<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    body: JsonObject,
    options: WriteOptions,
  ): T {
    const sent = metadataOf(body);
    const generateName = typeof sent.generateName === 'string' ? sent.generateName : undefined;
    const name =
      typeof sent.name === 'string' && sent.name !== ''
        ? sent.name
        : generateName && `${generateName}${randomSuffix(this.#random)}`;
    if (!name)
      throw invalid(resource, '', [
        {
          field: 'metadata.name',
          message: 'Required value: name or generateName is required',
          reason: 'FieldValueRequired',
        },
      ]);
    if (this.find(resource, namespace, name)) throw alreadyExists(resource, name);
    this.#requireNamespace(resource, namespace, name);
    return this.#write({ resource, namespace, name }, undefined, body, options);
  }

  /** Replaces an object by what a client sent. Throws 404, 409 (old resourceVersion), 422. */
  replace<T extends KubeObject>(target: Target<T>, body: JsonObject, options: WriteOptions): T {
    return this.#write(target, this.get(target), body, options);
  }

  /** Changes an object by a patch; `apply` creates it where it is missing. Throws 400, 404, 409, 422. */
  patch<T extends KubeObject>(target: Target<T>, patch: Patch, options: WriteOptions): T {
    const { resource, namespace, name } = target;
    if (patch.kind === 'apply') return this.#apply(target, patch, options);
    const before = this.get({ resource, namespace, name });
    const live = asJson(before);
    return this.#write(target, before, patched(live, patch, schemaOf(resource)), options);
  }

  /**
   * For controllers: changes a copy of the object in place and stores it. Undefined where the object is gone. Writes
   * nothing where nothing changed.
   */
  update<T extends KubeObject>(
    { resource, namespace, name }: Target<T>,
    change: (draft: T) => void,
  ): T | undefined {
    const before = this.find(resource, namespace, name);
    if (!before) return undefined;
    const draft = structuredClone(before);
    change(draft);
    return this.#commit(resource, before, draft);
  }

  /**
   * Deletes: at once, or for pods after their grace period, or once the last finalizer is gone. Gives the object as it
   * is now. Throws 404, and 409 where a precondition does not hold.
   */
  delete<T extends KubeObject>(target: Target<T>, options: DeleteOptions = {}): T {
    const { resource, name } = target;
    const before = this.get(target);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (
      (uid && uid !== before.metadata.uid) ||
      (resourceVersion && resourceVersion !== before.metadata.resourceVersion)
    ) {
      throw outdated(resource, name, 'the precondition does not hold');
    }
    if (options.dryRun) return before;
    const graceSeconds = isPod(before) ? graceOf(before, options) : 0;
    const { deletionGracePeriodSeconds: earlierGraceSeconds } = before.metadata;
    const finalizer = { Foreground: 'foregroundDeletion', Orphan: 'orphan', Background: undefined }[
      options.propagationPolicy ?? 'Background'
    ];
    // A pod that is stopping already can be hurried; it is never given more time.
    if (earlierGraceSeconds !== undefined && graceSeconds >= earlierGraceSeconds && !finalizer) return before;
    const draft = structuredClone(before);
    draft.metadata.deletionTimestamp ??= this.#clock.timestamp(graceSeconds * 1000);
    if (earlierGraceSeconds === undefined) draft.metadata.generation += 1;
    else draft.metadata.deletionTimestamp = this.#clock.timestamp(graceSeconds * 1000);
    draft.metadata.deletionGracePeriodSeconds = graceSeconds;
    if (finalizer)
      draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), finalizer])];
    return this.#commit(resource, before, draft);
  }

  #apply<T extends KubeObject>(
    target: Target<T>,
    patch: Extract<Patch, { kind: 'apply' }>,
    options: WriteOptions,
  ): T {
    const { resource, namespace, name } = target;
    const sent = metadataOf(patch.config);
    if (sent.name !== undefined && sent.name !== name)
      throw badRequest(
        `the name of the object (${String(sent.name)}) does not match the name on the URL (${name})`,
      );
    const schema = schemaOf(resource);
    const checked = checkAgainstSchema(patch.config, schema);
    const refused = [
      ...checked.undecodable,
      ...checked.unknownFields.map((path) => `.${path}: field not declared in schema`),
    ];
    if (refused.length > 0)
      throw badRequest(
        `failed to create typed patch object (${namespace}/${name}; ${apiVersionOf(resource)}, Kind=${resource.kind}): ${refused.join(', ')}`,
      );
    const { status: _, ...withoutStatus } = isJsonObject(checked.value) ? checked.value : {};
    const config = resource.status ? withoutStatus : checked.value;
    const before = this.find(resource, namespace, name);
    if (!before) this.#requireNamespace(resource, namespace, name);

    const { managedFields, ...metadata } = before ? metadataOf(asJson(before)) : {};
    const live: JsonObject = before ? { ...asJson(before), metadata } : {};
    const applied = serverSideApply(live, isJsonObject(config) ? config : {}, {
      schema,
      managers: before ? managersOf(before) : [],
      manager: options.manager,
      force: patch.force,
    });
    if (applied.conflicts.length > 0) throw applyConflict(target, applied.conflicts);
    const entry: ManagedFields = {
      ...this.#entry(resource, options.manager, 'Apply'),
      fieldsV1: applied.own,
    };
    return this.#write(target, before, applied.merged, options, [...applied.others, entry]);
  }

  /**
   * What every client's create, replace and patch comes to, in this order: decode, complete with defaults, keep the part
   * that this write may not touch, judge (rules, then whether the sandbox can run it), allocate, note who owns what, store.
   */
  #write<T extends KubeObject>(
    { resource, namespace, name }: Target<T>,
    before: T | undefined,
    wanted: JsonObject,
    options: WriteOptions,
    owners?: readonly ManagedFields[],
  ): T {
    const identity = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    requireIdentity(wanted, identity);
    const schema = schemaOf(resource);
    const sentVersion = metadataOf(wanted).resourceVersion;
    if (before && sentVersion !== undefined && sentVersion !== before.metadata.resourceVersion) {
      const why =
        'the object has been modified; please apply your changes to the latest version and try again';
      throw outdated(resource, name, why);
    }
    const checked = checkAgainstSchema({ ...wanted, ...identity }, schema);
    if (checked.undecodable.length > 0)
      throw badRequest(
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${checked.undecodable.join(', ')}`,
      );
    this.#judgeUnknownFields(checked.unknownFields, resource, options);
    const completed = withDefaults(checked.value, schema);
    const draft = decode<T>(
      completed,
      this.#metadata({ resource, namespace, name }, before, metadataOf(wanted)),
    );
    keepOtherPart(resource, draft, before, options.subresource);

    const causes = [...checked.causes, ...brokenRules(resource, draft, before)];
    if (causes.length > 0) throw invalid(resource, name, causes);
    if (!before || !sameSpec(before, draft)) {
      for (const { spec, path } of podSpecsOf(resource, draft)) {
        const refusal = this.#options.judgePodSpec(spec, path);
        if (refusal) throw refusal;
      }
    }
    const allocated = isService(draft)
      ? Object.assign(
          draft,
          allocateService(this.store, draft, { addresses: this.#options.addresses, random: this.#random }),
        )
      : draft;
    const managers =
      owners ??
      ownersAfterUpdate(before && withoutManagers(asJson(before)), withoutManagers(asJson(allocated)), {
        schema,
        managers: before ? managersOf(before) : [],
        entry: {
          ...this.#entry(resource, options.manager, 'Update'),
          ...(options.subresource && { subresource: options.subresource }),
        },
      });
    allocated.metadata.managedFields = unchangedTimes(managers, before ? managersOf(before) : []).map(
      (entry) => ({ ...entry }),
    );
    if (options.dryRun) return allocated;
    return this.#commit(resource, before, allocated);
  }

  /**
   * The end of every write, whoever asked for it: counts the generation, removes what is being deleted and waits for
   * nothing more, and stores nothing where nothing changed.
   */
  #commit<T extends KubeObject>(resource: Resource<T>, before: T | undefined, draft: T): T {
    if (!before) {
      return this.store.put(resource, draft);
    }
    if (!sameSpec(before, draft)) draft.metadata.generation = before.metadata.generation + 1;
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = draft.metadata;
    const over =
      deletionTimestamp !== undefined &&
      (deletionGracePeriodSeconds ?? 0) === 0 &&
      (finalizers ?? []).length === 0;
    if (over) return this.store.remove(resource, draft);
    return sameJson(before, draft) ? before : this.store.put(resource, draft);
  }

  #metadata({ resource, namespace, name }: Target, before: KubeObject | undefined, sent: JsonObject): Meta {
    const { resourceVersion: _, ...given } = sent;
    const kept = before?.metadata;
    const server: Meta = {
      name,
      namespace,
      uid: kept?.uid ?? randomUuid(this.#random),
      resourceVersion: kept?.resourceVersion ?? '',
      generation: kept?.generation ?? 1,
      creationTimestamp: kept?.creationTimestamp ?? this.#clock.timestamp(),
      ...(kept?.deletionTimestamp && { deletionTimestamp: kept.deletionTimestamp }),
      ...(kept?.deletionGracePeriodSeconds !== undefined && {
        deletionGracePeriodSeconds: kept.deletionGracePeriodSeconds,
      }),
    };
    const {
      deletionTimestamp: _when,
      deletionGracePeriodSeconds: _grace,
      managedFields: _managers,
      ...users
    } = given;
    const labels =
      resource === NAMESPACES && isJsonObject(users.labels ?? {})
        ? {
            labels: {
              'kubernetes.io/metadata.name': name,
              ...(isJsonObject(users.labels) ? users.labels : {}),
            },
          }
        : {};
    return Object.assign({}, users, labels, server);
  }

  #requireNamespace(resource: Resource, namespace: string, name: string): void {
    if (!resource.namespaced) return;
    const owner = this.find(NAMESPACES, '', namespace);
    if (!owner) throw notFound(NAMESPACES, namespace);
    if (owner.metadata.deletionTimestamp) {
      const message = `${qualifiedName(resource)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`;
      throw new StatusError(403, 'Forbidden', message);
    }
  }

  #judgeUnknownFields(
    paths: readonly string[],
    resource: Resource,
    { fieldValidation = 'Warn', warn }: WriteOptions,
  ): void {
    if (paths.length === 0 || fieldValidation === 'Ignore') return;
    const texts = paths.map((path) => `unknown field "${path}"`);
    if (fieldValidation === 'Strict')
      throw badRequest(
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${texts.join(', ')}`,
      );
    for (const text of texts) warn?.(text);
  }

  #entry(
    resource: Resource,
    manager: string,
    operation: 'Apply' | 'Update',
  ): Omit<ManagedFields, 'fieldsV1'> {
    return {
      manager,
      operation,
      apiVersion: apiVersionOf(resource),
      time: this.#clock.timestamp(),
      fieldsType: 'FieldsV1',
    };
  }
}

function schemaOf(resource: Resource): Schema {
  return { ref: resource.type };
}

function patched(live: JsonObject, patch: Exclude<Patch, { kind: 'apply' }>, schema: Schema): JsonObject {
  const result =
    patch.kind === 'json'
      ? runJsonPatch(live, patch.operations)
      : mergePatch(live, patch.patch, patch.kind === 'strategic' ? schema : undefined);
  if (!isJsonObject(result)) throw badRequest('the patch leaves nothing of the object');
  return result;
}

function runJsonPatch(live: JsonObject, operations: JSONPatchDocument): unknown {
  try {
    return immutableJSONPatch(live, operations);
  } catch (error) {
    throw new StatusError(
      422,
      'Invalid',
      `the server rejected our request due to an error in our request: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function metadataOf(body: JsonObject): JsonObject {
  return isJsonObject(body.metadata) ? body.metadata : {};
}

function withoutManagers(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = metadataOf(object);
  return { ...object, metadata };
}

function managersOf({ metadata }: KubeObject): readonly ManagedFields[] {
  return (metadata.managedFields ?? []) as unknown as readonly ManagedFields[];
}

/** An entry that says the same as before keeps its time, so that applying the same again changes nothing. */
function unchangedTimes(
  after: readonly ManagedFields[],
  before: readonly ManagedFields[],
): readonly ManagedFields[] {
  return after.map(
    (entry) => before.find((known) => sameJson({ ...known, time: '' }, { ...entry, time: '' })) ?? entry,
  );
}

function requireIdentity(
  wanted: JsonObject,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): void {
  if ((wanted.apiVersion ?? apiVersion) !== apiVersion || (wanted.kind ?? kind) !== kind) {
    throw badRequest(
      `the API version in the data (${String(wanted.apiVersion)}, ${String(wanted.kind)}) does not match the expected API version (${apiVersion}, ${kind})`,
    );
  }
}

/** A client's write changes either the status or everything else. */
function keepOtherPart(
  resource: Resource,
  draft: KubeObject,
  before: KubeObject | undefined,
  subresource: 'status' | undefined,
): void {
  if (!resource.status) return;
  if (subresource === 'status' && before) {
    const { status } = draft as { status?: unknown };
    const managedFields = draft.metadata.managedFields;
    Object.assign(draft, structuredClone(before), { status });
    if (managedFields) draft.metadata.managedFields = managedFields;
    return;
  }
  if (before && 'status' in before) Object.assign(draft, { status: structuredClone(before.status) });
  else Object.assign(draft, { status: INITIAL_STATUS[resource.kind]?.() ?? {} });
}

const INITIAL_STATUS: Readonly<Record<string, () => object>> = {
  Namespace: () => ({ phase: 'Active' }),
  Pod: () => ({ phase: 'Pending', qosClass: 'BestEffort' }),
  Service: () => ({ loadBalancer: {} }),
};

function sameSpec(a: KubeObject, b: KubeObject): boolean {
  const content = ({ metadata: _metadata, ...rest }: KubeObject & { status?: unknown }) => ({
    ...rest,
    status: undefined,
  });
  return sameJson(content(a), content(b));
}

function graceOf(pod: Pod, { gracePeriodSeconds }: DeleteOptions): number {
  const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (!pod.spec.nodeName || over) return 0;
  return gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}

function isPod(object: KubeObject): object is Pod {
  return object.kind === PODS.kind;
}

function isService(object: KubeObject): object is Service {
  return object.kind === SERVICES.kind;
}

function applyConflict(
  { resource, name }: Target,
  conflicts: readonly { readonly manager: string; readonly path: string }[],
): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}"`,
    field: path,
  }));
  const list = conflicts.map(({ manager, path }) => `conflict with "${manager}": ${path}`).join('\n- ');
  return conflict(
    resource,
    name,
    `Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}: ${list}`,
    causes,
  );
}

/** Stored objects are JSON data: every one came in as such. */
function asJson(object: KubeObject): JsonObject {
  return object as unknown as JsonObject;
}

/** The one place where checked JSON becomes a typed object; `checkAgainstSchema` has seen every field of it. */
function decode<T extends KubeObject>(content: Json, metadata: Meta): T {
  return { ...(isJsonObject(content) ? content : {}), metadata } as unknown as T;
}
