import { diagnose, examineHost } from '../cluster/doctor.ts';
import { hasColours } from '../publish/log.ts';
import { renderChecks } from '../report/checks-text.ts';
import type { Session } from './session.ts';

/** `rollproof doctor`: prints what was found; 0 where a kind cluster can be made here, else 5. */
export async function doctorCommand({ signal }: Session): Promise<number> {
  const checks = diagnose(await examineHost(signal));
  process.stdout.write(`${renderChecks(checks, { colours: hasColours(process.env, process.stdout) })}\n`);
  return checks.some(({ status }) => status === 'fail') ? 5 : 0;
}
