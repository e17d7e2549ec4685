import type { Problem } from '../model/problem.ts';
import type { Protocol } from '../model/scenario.ts';
import { shownValue } from './shown-value.ts';

/** What a URL says about where to send requests. */
export interface ProbeTarget {
  /** In its normal form, without a fragment. */
  readonly url: string;
  readonly protocol: Protocol;
  /** A name or an IP address, an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
  /** With its query, starts with `/`. */
  readonly path: string;
  /** Value of the Host header. */
  readonly host: string;
}

const SCHEMES: Readonly<Record<string, Protocol>> = { 'http:': 'http', 'https:': 'https' };
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Reads the URL of `rollproof probe`; what is wrong with it is a problem (RP1050). */
export function parseProbeUrl(text: string): ProbeTarget | Problem {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const protocol = url && SCHEMES[url.protocol];
  if (!url || !protocol || url.hostname === '') {
    return refused(text, 'is no URL that can be probed', 'Write it whole, such as http://127.0.0.1:8080/.');
  }
  if (url.username !== '' || url.password !== '') {
    return refused(
      `${url.protocol}//${url.host}`,
      'holds a user or a password, which would stand in every report',
      'Leave them out.',
    );
  }
  const { hostname } = url;
  return {
    url: `${url.origin}${url.pathname}${url.search}`,
    protocol,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    host: url.host,
  };
}

function refused(shown: string, why: string, remedy: string): Problem {
  return { code: 'RP1050', what: `${shownValue(shown)} ${why}.`, where: 'rollproof probe', remedy };
}
