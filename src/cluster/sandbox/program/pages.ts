import type { IncomingMessage } from 'node:http';
import type { PodSettings } from './pod-settings.ts';

/** An answer to a request. */
export interface Page {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is asked besides the request: who answers. */
export interface PageContext {
  readonly pod: string;
  readonly ready: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const NOT_FOUND: Page = { status: 404, body: 'Not Found\n' };

/** The page for a request, as the program this one stands in for would have it. */
export function pageFor(
  settings: PodSettings,
  request: Pick<IncomingMessage, 'url' | 'socket'>,
  context: PageContext,
): Page {
  const url = new URL(request.url ?? '/', 'http://pod');
  if (settings.answer !== undefined) return { status: 200, body: `${settings.answer}\n` };
  switch (settings.pages) {
    case 'nginx':
      return nginxPage(url.pathname);
    case 'netexec':
      return netexecPage(url, request, context);
    case 'health':
      return url.pathname === '/health' ? { status: 200, body: 'OK' } : NOT_FOUND;
    case 'none':
      return NOT_FOUND;
    case 'sample':
      return samplePage(url.pathname, context);
  }
}

function nginxPage(path: string): Page {
  const headers = { server: 'nginx', 'content-type': 'text/html' };
  if (path === '/' || path === '/index.html')
    return {
      status: 200,
      headers,
      body: '<!DOCTYPE html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n',
    };
  return {
    status: 404,
    headers,
    body: '<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center></body></html>\n',
  };
}

function netexecPage(url: URL, { socket }: Pick<IncomingMessage, 'socket'>, { pod }: PageContext): Page {
  switch (url.pathname) {
    case '/':
      return { status: 200, body: `NOW: ${new Date().toISOString()}` };
    case '/hostname':
    case '/hostName':
      return { status: 200, body: pod };
    case '/healthz':
      return { status: 200, body: '' };
    case '/clientip':
      return { status: 200, body: `${socket.remoteAddress}:${socket.remotePort}` };
    case '/echo':
      return { status: Number(url.searchParams.get('code') ?? 200), body: url.searchParams.get('msg') ?? '' };
    default:
      return NOT_FOUND;
  }
}

function samplePage(path: string, { pod, ready, env }: PageContext): Page {
  const headers = { 'x-pod': pod };
  if ((path === '/ready' || path === '/readyz') && !ready)
    return { status: 503, headers, body: 'not ready\n' };
  return { status: 200, headers, body: `${env.VERSION ?? 'v1'} ${pod}\n` };
}
