import { DEFAULT_HTTP_ENGINE, type StreamSpec } from '../../protocol.ts';
import type { Speak } from './conversation.ts';
import { freshEach } from './fresh-each.ts';
import type { HttpEngine } from './http-connection.ts';
import { httpIdleReuse } from './http-idle-reuse.ts';
import { httpKeepAlive } from './http-keep-alive.ts';
import { httpNew } from './http-new.ts';
import { rawEngine } from './http-raw.ts';
import { longLived } from './long-lived.ts';
import type { Dialer } from './owned-connection.ts';
import type { Transport, TransportFact } from './transport.ts';

/** Opens a stream's transport; `tell` takes what there is to tell of connections. */
export type OpenTransport = (dialer: Dialer, tell: (fact: TransportFact) => void) => Transport;

/**
 * The transport for a stream's protocol and use of connections. What only some streams need is loaded when the first
 * one needs it: most speak plain HTTP, and their prober should be small and quick to start. Throws where there is no
 * transport: the plan lets none such pass.
 */
export async function transportFor(spec: StreamSpec): Promise<OpenTransport> {
  const lanes =
    (speak: Speak): OpenTransport =>
    (dialer, tell) =>
      openLanes(spec, dialer, speak, tell);
  switch (spec.protocol) {
    case 'http': {
      const engine = await engineFor(spec);
      return (dialer) => openHttp(engine, spec, dialer);
    }
    case 'https': {
      const [engine, { secureDial }] = await Promise.all([engineFor(spec), import('./secure-dial.ts')]);
      const secure = { ...engine, dial: secureDial(spec.host) };
      return (dialer) => openHttp(secure, spec, dialer);
    }
    case 'tcp':
      return lanes((await import('./tcp.ts')).tcpConversation(spec));
    case 'websocket':
      return lanes((await import('./websocket.ts')).webSocketConversation(spec));
    case 'h2':
      return lanes((await import('./h2.ts')).h2Conversation(spec));
    case 'grpc':
      return lanes((await import('./grpc.ts')).grpcConversation(spec));
    case 'udp': {
      const { udp } = await import('./udp.ts');
      return (dialer, tell) => udp(spec, dialer, tell);
    }
    default:
      throw new Error(`there is no transport for ${spec.protocol}`);
  }
}

async function engineFor(spec: StreamSpec): Promise<HttpEngine> {
  if ((spec.engine ?? DEFAULT_HTTP_ENGINE) === 'raw') return rawEngine(spec);
  const { undiciEngine } = await import('./http-undici.ts');
  return undiciEngine(spec);
}

function openHttp(engine: HttpEngine, spec: StreamSpec, dialer: Dialer): Transport {
  switch (spec.connection) {
    case 'new':
    case 'slow':
      return httpNew(engine, dialer);
    case 'keep-alive':
      return httpKeepAlive(engine, dialer, spec.connections);
    case 'idle-reuse':
      return httpIdleReuse(engine, dialer, { connections: spec.connections, idleMs: spec.idleMs ?? 0 });
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
    default:
      throw new Error(`there is no ${spec.protocol} over connections that are used as ${spec.connection}`);
  }
}
