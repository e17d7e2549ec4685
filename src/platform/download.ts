import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { networkFault } from './network-fault.ts';

export interface DownloadOptions {
  /** https only, also after redirects. */
  readonly url: string;
  /** Hex digest the content must have. */
  readonly sha256: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** The content could not be had, or is not the content that was asked for. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
}

/**
 * Fetches a file whose content is known beforehand, through the proxy the environment names. Throws DownloadError
 * where it cannot be had after a few tries, is larger than allowed, or has another digest.
 */
export async function download(options: DownloadOptions): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOnce(options);
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof DownloadError) throw error;
      if (attempt === ATTEMPTS) throw new DownloadError(networkFault(error), { cause: error });
      await sleep(500 * attempt, undefined, { signal: options.signal });
    }
  }
}

const ATTEMPTS = 3;
const TIMEOUT_MS = 60_000;

async function fetchOnce({ url, sha256, maxBytes, signal }: DownloadOptions): Promise<Uint8Array> {
  const dispatcher = new EnvHttpProxyAgent();
  try {
    if (new URL(url).protocol !== 'https:') throw new DownloadError(`${url} is not https`);
    const response = await fetch(url, {
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.url.startsWith('https:')) throw new DownloadError(`${url} leads away from https`);
    if (response.status >= 500 || response.status === 429) throw new Error(`HTTP status ${response.status}`);
    if (!response.ok || !response.body) throw new DownloadError(`HTTP status ${response.status}`);
    return await verified(response.body, { sha256, maxBytes });
  } finally {
    await dispatcher.destroy();
  }
}

/** Reads a stream to its end. Throws DownloadError as soon as it is too large, and where its digest is another. */
export async function verified(
  stream: AsyncIterable<Uint8Array>,
  { sha256, maxBytes }: { readonly sha256: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new DownloadError(`it is larger than ${maxBytes} bytes`);
    hash.update(chunk);
    chunks.push(chunk);
  }
  const actual = hash.digest('hex');
  if (actual !== sha256) throw new DownloadError(`its sha256 is ${actual}, not ${sha256}`);
  return Buffer.concat(chunks);
}
