import { DEFAULT_HTTP_ENGINE, type HttpEngineName, type StreamSpec } from '../../protocol.ts';
import type { Speak } from './conversation.ts';
import { freshEach } from './fresh-each.ts';
import { grpcConversation } from './grpc.ts';
import { h2Conversation } from './h2.ts';
import type { HttpEngine } from './http-connection.ts';
import { httpKeepAlive } from './http-keep-alive.ts';
import { httpNew } from './http-new.ts';
import { rawEngine } from './http-raw.ts';
import { undiciEngine } from './http-undici.ts';
import { longLived } from './long-lived.ts';
import type { Dialer } from './owned-connection.ts';
import { tcpConversation } from './tcp.ts';
import type { Transport, TransportFact } from './transport.ts';
import { udp } from './udp.ts';
import { webSocketConversation } from './websocket.ts';

/** The transport for a stream's protocol and use of connections. Throws where there is none: the plan lets none such pass. */
export function openTransport(
  spec: StreamSpec,
  dialer: Dialer,
  tell: (fact: TransportFact) => void,
): Transport {
  switch (spec.protocol) {
    case 'http':
      return openHttp(spec, dialer);
    case 'tcp':
      return openLanes(spec, dialer, tcpConversation(spec), tell);
    case 'websocket':
      return openLanes(spec, dialer, webSocketConversation(spec), tell);
    case 'h2':
      return openLanes(spec, dialer, h2Conversation(spec), tell);
    case 'grpc':
      return openLanes(spec, dialer, grpcConversation(spec), tell);
    case 'udp':
      return udp(spec, dialer, tell);
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

function openLanes(
  spec: StreamSpec,
  dialer: Dialer,
  speak: Speak,
  tell: (fact: TransportFact) => void,
): Transport {
  switch (spec.connection) {
    case 'new':
      return freshEach(dialer, speak);
    case 'keep-alive':
      return longLived(spec, dialer, speak, tell);
  }
}
