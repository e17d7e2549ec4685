import type { StreamSpec } from '../../protocol.ts';
import { BodyCheck } from './body-check.ts';
import type { Speak } from './conversation.ts';
import { http2Conversation } from './http2-connection.ts';

/** HTTP/2 with prior knowledge, without TLS: GET requests, many at a time on one connection. */
export function h2Conversation({ path, host, expect }: StreamSpec): Speak {
  return http2Conversation({
    headers: {
      ':method': 'GET',
      ':path': path,
      ':authority': host,
      'user-agent': 'rollproof-prober',
    },
    reader() {
      const body = new BodyCheck(expect);
      return {
        data: (chunk) => body.add(chunk),
        facts: () => ({ bytes: body.bytes, ...body.facts() }),
      };
    },
  });
}
