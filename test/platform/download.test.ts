import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DownloadError, download, verified } from '../../src/platform/download.ts';

const content = Buffer.from('a manifest');
const sha256 = createHash('sha256').update(content).digest('hex');
const signal = new AbortController().signal;

describe('a download', () => {
  it('gives the content that was asked for', async () => {
    const stream = Readable.from([content.subarray(0, 3), content.subarray(3)]);
    expect(await verified(stream, { sha256, maxBytes: 100 })).toEqual(content);
  });

  it('refuses content with another digest, and names both', async () => {
    const other = Readable.from([Buffer.from('another manifest')]);
    await expect(verified(other, { sha256, maxBytes: 100 })).rejects.toThrow(
      new RegExp(`sha256 is \\w{64}, not ${sha256}`),
    );
  });

  it('stops reading what is too large', async () => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent++;
        yield Buffer.alloc(1024);
      }
    }
    await expect(verified(endless(), { sha256, maxBytes: 4096 })).rejects.toThrow(DownloadError);
    expect(sent).toBe(5);
  });

  it('does not go over plain http', async () => {
    const url = 'http://127.0.0.1:1/manifest.yaml';
    await expect(download({ url, sha256, maxBytes: 100, signal })).rejects.toThrow('is not https');
  });

  it('says why a server cannot be reached', async () => {
    const url = 'https://127.0.0.1:1/manifest.yaml';
    await expect(download({ url, sha256, maxBytes: 100, signal })).rejects.toThrow(/ECONNREFUSED|bad port/);
  });
});
