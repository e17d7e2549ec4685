import type { StreamSpec } from '../../protocol.ts';
import { httpKeepAlive } from './http-keep-alive.ts';
import { httpNew } from './http-new.ts';
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

function openHttp(spec: StreamSpec, dialer: Dialer): Transport {
  switch (spec.connection) {
    case 'new':
      return httpNew(spec, dialer);
    case 'keep-alive':
      return httpKeepAlive(spec, dialer);
  }
}
