import type { TargetKind } from '../model/scenario.ts';
import type { Findings } from './findings.ts';

/** What `target` says; everything but the Service's name may be left open. */
export interface TargetText {
  readonly service?: string;
  readonly port?: number | string;
  readonly kind?: TargetKind;
}

const FORM =
  /^(?:(?:service|svc)\/)?(?<service>[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?::(?<port>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?))?(?:#(?<kind>node-port|cluster-ip|host-port))?$/;

/** Reads `service/web:http#cluster-ip`; undefined (and a problem, RP1112) where it has another form. */
export function parseTarget(text: string | undefined, findings: Findings): TargetText | undefined {
  if (text === undefined) return {};
  const { service, port, kind } = FORM.exec(text)?.groups ?? {};
  if (service === undefined) {
    return findings.problem({
      code: 'RP1112',
      what: `${JSON.stringify(text.slice(0, 80))} is no target.`,
      where: 'target',
      why: 'Rollproof probes a Service of the manifests; addresses, URLs, Ingress and Gateway are no targets.',
      remedy:
        'Write service/<name>, service/<name>:<port>, and #node-port, #cluster-ip or #host-port behind it to say which way in.',
    });
  }
  return {
    service,
    ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : port }),
    ...(isTargetKind(kind) ? { kind } : {}),
  };
}

function isTargetKind(kind: string | undefined): kind is TargetKind {
  return kind !== undefined;
}
