import { GRPC_HEALTH_CHECK } from '../../../model/scenario.ts';
import type { StreamSpec } from '../../protocol.ts';
import type { Speak } from './conversation.ts';
import { http2Conversation } from './http2-connection.ts';

/** An uncompressed message of no bytes: every field at its default, which for a health check is the whole server. */
const EMPTY_MESSAGE = Buffer.alloc(5);
const PREFIX_BYTES = 5;
const HELD_BYTES = 64 * 1024;
const STATUS = /^\d{1,9}$/;
/** `status: SERVING` of a HealthCheckResponse. */
const SERVING = Buffer.from([0x08, 0x01]);

/** Unary calls with an empty message. What a health check answers has to be SERVING, other answers a whole message. */
export function grpcConversation({ path, host, expect }: StreamSpec): Speak {
  return http2Conversation({
    headers: {
      ':method': 'POST',
      ':path': path,
      ':authority': host,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'rollproof-prober',
    },
    body: EMPTY_MESSAGE,
    reader() {
      let held = Buffer.alloc(0);
      let bytes = 0;
      let grpcStatus: number | undefined;
      return {
        data(chunk) {
          bytes += chunk.length;
          if (held.length < HELD_BYTES) held = Buffer.concat([held, chunk]);
        },
        trailers(headers) {
          const status = headers['grpc-status'];
          // An empty one, or several, is no status, and above all not 0.
          if (typeof status === 'string' && STATUS.test(status)) grpcStatus = Number(status);
        },
        facts: () => ({
          bytes,
          ...(grpcStatus === undefined ? {} : { grpcStatus }),
          ...(grpcStatus === 0 ? { bodyOk: isExpected(held, path, expect.bodyContains) } : {}),
        }),
        fault: (status) =>
          grpcStatus === undefined && status >= expect.statusFrom && status <= expect.statusTo
            ? 'NO_GRPC_STATUS'
            : undefined,
      };
    },
  });
}

function isExpected(body: Buffer, path: string, wanted: string | undefined): boolean {
  if (body.length < PREFIX_BYTES || body.length < PREFIX_BYTES + body.readUInt32BE(1)) return false;
  const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + body.readUInt32BE(1));
  if (wanted !== undefined) return message.includes(wanted);
  return path !== GRPC_HEALTH_CHECK || message.equals(SERVING);
}
