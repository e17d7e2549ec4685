import { DEFAULT_HTTP_ENGINE, type HttpEngineName, type StreamSpec } from '../../protocol.ts';
import type { HttpEngine } from './http-connection.ts';
import { httpKeepAlive } from './http-keep-alive.ts';
import { httpNew } from './http-new.ts';
import { rawEngine } from './http-raw.ts';
import { undiciEngine } from './http-undici.ts';
import type { Dialer } from './owned-connection.ts';
import type { Transport } from './transport.ts';

/** The transport for a stream's protocol and use of connections. Throws where there is none: the plan lets none such pass. */
export function openTransport(spec: StreamSpec, dialer: Dialer): Transport {
  switch (spec.protocol) {
    case 'http':
      return openHttp(spec, dialer);
    default:
      throw new Error(`there is no transport for ${spec.protocol}`);
  }
}

const HTTP_ENGINES: Readonly<Record<HttpEngineName, (spec: StreamSpec) => HttpEngine>> = {
  raw: rawEngine,
  undici: undiciEngine,
};

function openHttp(spec: StreamSpec, dialer: Dialer): Transport {
  const engine = HTTP_ENGINES[spec.engine ?? DEFAULT_HTTP_ENGINE](spec);
  switch (spec.connection) {
    case 'new':
      return httpNew(engine, dialer);
    case 'keep-alive':
      return httpKeepAlive(engine, dialer, spec.connections);
  }
}
