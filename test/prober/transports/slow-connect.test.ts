import { describe, expect, it } from 'vitest';
import { sendOnce } from '../../support/send-once.ts';

describe.each(['raw', 'undici'] as const)('the %s engine', (engine) => {
  it('tells how long a connection took that needed a second SYN', async () => {
    expect(await sendOnce(engine, { connectMs: 1_012 })).toMatchObject({
      kind: 'answered',
      facts: { status: 200, connectMs: 1_012 },
    });
  });

  it('says nothing of a connection that stood at once', async () => {
    expect(await sendOnce(engine, { connectMs: 3 })).not.toHaveProperty('facts.connectMs');
  });
});
