import { readFileSync } from 'node:fs';

/** Names the running kernel: two processes that see the same one share a monotonic clock. Empty where there is none. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
