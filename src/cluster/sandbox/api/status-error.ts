import { qualifiedName, type Resource } from './resources.ts';
import { KUBERNETES_VERSION } from './schema.ts';

/** One field that is wrong, as a Kubernetes `Status` lists it. */
export interface Cause {
  readonly field: string;
  readonly message: string;
  readonly reason?: string;
}

/** A refusal of the API server: becomes a `Status` object with this HTTP code. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: object | undefined;
  constructor(code: number, reason: string, message: string, details?: object) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The object a client gets. */
  toStatus() {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    } as const;
  }
}

/** 404: there is no object of this name. */
export function notFound(resource: Resource, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualifiedName(resource)} "${name}" not found`,
    about(resource, name),
  );
}

/** 409: the name is taken. */
export function alreadyExists(resource: Resource, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualifiedName(resource)} "${name}" already exists`,
    about(resource, name),
  );
}

/** 409: somebody else owns the fields. */
export function conflict(
  resource: Resource,
  name: string,
  message: string,
  causes: readonly Cause[] = [],
): StatusError {
  return new StatusError(409, 'Conflict', message, {
    ...about(resource, name),
    ...(causes.length === 0 ? {} : { causes }),
  });
}

/** 409: the object is not, or not any more, the one that was meant. */
export function outdated(resource: Resource, name: string, why: string): StatusError {
  return conflict(
    resource,
    name,
    `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`,
  );
}

/** 422: the object breaks rules; all that could be found are listed. */
export function invalid(resource: Resource, name: string, causes: readonly Cause[]): StatusError {
  const list = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = list.length === 1 ? list[0] : `[${list.join(', ')}]`;
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return new StatusError(422, 'Invalid', `${kind} "${name}" is invalid: ${text}`, {
    ...about(resource, name),
    causes,
  });
}

/** 400: the request makes no sense. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** 410: what the client wants to go on from is forgotten. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message);
}

/** 501: a real API server would do it, the sandbox does not; says what to use instead. */
export function unsupported(what: string): StatusError {
  return new StatusError(
    501,
    'NotImplemented',
    `the sandbox stands in for Kubernetes ${KUBERNETES_VERSION.gitVersion} and does not model ${what}; use kind for this`,
  );
}

function about({ group, plural }: Resource, name: string) {
  return { name, ...(group === '' ? {} : { group }), kind: plural };
}
