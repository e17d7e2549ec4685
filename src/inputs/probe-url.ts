import type { Problem } from '../model/problem.ts';
import { GRPC_HEALTH_CHECK, type Protocol } from '../model/scenario.ts';
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

const SCHEMES: Readonly<Record<string, Protocol>> = {
  'http:': 'http',
  'https:': 'https',
  'h2c:': 'h2',
  'grpc:': 'grpc',
  'ws:': 'websocket',
  'tcp:': 'tcp',
  'udp:': 'udp',
};
/** What others write for a protocol that is spoken here under another scheme. */
const MEANT: Readonly<Record<string, string>> = {
  'h2:': 'h2c://, HTTP/2 without TLS',
  'http2:': 'h2c://, HTTP/2 without TLS',
  'grpcs:': 'grpc://, without TLS',
  'wss:': 'ws://, without TLS',
  'websocket:': 'ws://',
};
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ws:': 80 };
/** URLs encode the braces of the place for a duration. */
const ENCODED_PLACE = /%7B(ms|seconds)%7D/g;
const DEFAULT_PATHS: Readonly<Partial<Record<Protocol, string>>> = { grpc: GRPC_HEALTH_CHECK };

/** Reads the URL of `rollproof probe`; what is wrong with it is a problem (RP1050). */
export function parseProbeUrl(text: string): ProbeTarget | Problem {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const protocol = url && SCHEMES[url.protocol];
  // Without the two slashes it is a host and its port, and no scheme.
  if (url && !protocol && url.href.startsWith(`${url.protocol}//`)) {
    const meant = Object.hasOwn(MEANT, url.protocol) ? MEANT[url.protocol] : undefined;
    const spoken = Object.keys(SCHEMES).map((scheme) => `${scheme}//`);
    return refused(
      // Before anything else is known of it, a password may stand in it.
      `${url.protocol}//${url.host}`,
      'has a scheme that is not spoken',
      `${meant === undefined ? '' : `Did you mean ${meant}? `}There are: ${spoken.join(', ')}.`,
    );
  }
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
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
  if (port === undefined) {
    return refused(text, 'names no port', `Write it with one, such as ${url.protocol}//127.0.0.1:8080.`);
  }
  const asked = `${url.pathname}${url.search}`.replaceAll(ENCODED_PLACE, '{$1}');
  const path = asked === '' || asked === '/' ? (DEFAULT_PATHS[protocol] ?? '/') : asked;
  return {
    url: `${url.protocol}//${url.host}${path}`,
    protocol,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port,
    path,
    host: url.host,
  };
}

function refused(shown: string, why: string, remedy: string): Problem {
  return { code: 'RP1050', what: `${shownValue(shown)} ${why}.`, where: 'rollproof probe', remedy };
}
