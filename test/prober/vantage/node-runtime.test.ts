import { describe, expect, it } from 'vitest';
import { parseSharedObjects } from '../../../src/prober/vantage/node-runtime.ts';

describe('shared objects of the Node binary', () => {
  it('are read from what ldd prints, the loader apart', () => {
    const listing = `\tlinux-vdso.so.1 (0x00007ffc8a5f2000)
\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f1c2a000000)
\tlibstdc++.so.6 => /usr/lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f1c29c00000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c29800000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f1c2a2d5000)
`;
    expect(parseSharedObjects(listing)).toEqual({
      loader: '/lib64/ld-linux-x86-64.so.2',
      libraries: [
        '/lib/x86_64-linux-gnu/libdl.so.2',
        '/usr/lib/x86_64-linux-gnu/libstdc++.so.6',
        '/lib/x86_64-linux-gnu/libc.so.6',
      ],
    });
  });

  it('are none where the binary is linked statically', () => {
    expect(parseSharedObjects('\tstatically linked\n')).toEqual({ loader: undefined, libraries: [] });
  });
});
