import { describe, expect, it } from 'vitest';
import type { Cause, Finding } from '../../src/model/finding.ts';
import type { MeasuredStaticFinding, StaticOutcome } from '../../src/model/static-finding.ts';
import {
  ANNOTATION_LIMIT,
  type Annotation,
  type AnnotationLevel,
  chooseAnnotations,
  problemAnnotation,
  resultAnnotations,
} from '../../src/publish/annotations.ts';
import { aGateResult, aScenarioResult, counts } from '../support/results.ts';

const annotation = (level: AnnotationLevel, message: string): Annotation => ({ level, title: 't', message });

describe('the choice of annotations', () => {
  it('puts errors first and keeps the order within a level', () => {
    const all = [
      annotation('notice', '1'),
      annotation('error', '2'),
      annotation('warning', '3'),
      annotation('error', '4'),
    ];
    expect(chooseAnnotations(all).map(({ message }) => message)).toEqual(['2', '4', '3', '1']);
  });

  it('stays below what GitHub shows and says how many are missing', () => {
    const all = Array.from({ length: 30 }, (_, n) => annotation(n < 15 ? 'warning' : 'error', String(n)));
    const chosen = chooseAnnotations(all);
    expect(chosen).toHaveLength(ANNOTATION_LIMIT);
    expect(chosen.slice(0, -1).every(({ level }) => level === 'error')).toBe(true);
    expect(chosen.at(-1)?.message).toBe('23 more in the job summary.');
  });
});

describe('the annotations of a result', () => {
  it('are none where all is green', () => {
    expect(resultAnnotations(aGateResult())).toEqual([]);
  });

  it('have one error for each scenario that is not green', () => {
    const result = aGateResult({
      verdict: 'dropped',
      scenarios: [
        aScenarioResult({ name: 'green' }),
        aScenarioResult({ name: 'red', verdict: 'dropped', requests: counts({ ok: 97, dropped: 3 }) }),
        aScenarioResult({
          name: 'grey',
          verdict: 'inconclusive',
          reasons: [
            { code: 'baseline-failing', text: 'The baseline already fails.', remedy: 'Fix it first.' },
          ],
        }),
      ],
    });
    expect(resultAnnotations(result).map(({ level, title, message }) => [level, title, message])).toEqual([
      ['error', 'red: 3 of 100 requests dropped', 'See the job summary for red.'],
      ['error', 'grey: inconclusive', 'The baseline already fails. Fix it first.'],
    ]);
  });
});

describe('the annotations of causes and of the manifests', () => {
  const place = { file: 'k8s/web.yaml', line: 14, column: 11 };
  const finding: Finding = {
    cause: 'stops-before-endpoint-removal',
    drops: 7,
    confidence: 'high',
    pods: [],
    evidence: [],
    suggestion: { text: 'Let web sleep 3 s.', yaml: [], diff: { place, lines: [] } },
  };
  const found = (cause: Cause, outcome: StaticOutcome, line: number): MeasuredStaticFinding => ({
    cause,
    severity: 'error',
    object: { kind: 'Deployment', name: 'web' },
    place: { ...place, line },
    text: 'It shows.',
    outcome,
    because: 'The run says so.',
  });
  const red = (overrides: Parameters<typeof aScenarioResult>[0]) =>
    aScenarioResult({ verdict: 'dropped', requests: counts({ dropped: 7 }), ...overrides });
  const placed = (...scenarios: Parameters<typeof aScenarioResult>[0][]) =>
    resultAnnotations(aGateResult({ verdict: 'dropped', scenarios: scenarios.map(red) })).filter(
      (one) => one.place,
    );

  it('put a cause beside the line to change, once for all scenarios', () => {
    expect(placed({ findings: [finding] }, { name: 'keep-alive', findings: [finding] })).toEqual([
      {
        level: 'error',
        title: 'Rollproof: stops-before-endpoint-removal',
        message: expect.stringContaining('(7 drops in keep-alive, confidence high). Let web sleep 3 s.'),
        place,
      },
    ]);
  });

  it('put a cause without a suggestion where the manifests had shown it', () => {
    const { suggestion: _suggestion, ...bare } = finding;
    const staticFindings = [found('stops-before-endpoint-removal', 'confirmed', 20)];
    expect(placed({ findings: [bare], staticFindings })).toMatchObject([{ place: { line: 20 } }]);
    expect(placed({ findings: [bare] })).toEqual([]);
  });

  it('warn of what the manifests show and the run has not, and are silent about what it contradicted', () => {
    const staticFindings = [
      found('no-endpoints', 'not-observed', 6),
      found('rollout-stalled', 'contradicted', 7),
    ];
    expect(placed({ staticFindings }).map(({ level, place: at }) => [level, at?.line])).toEqual([
      ['warning', 6],
    ]);
  });

  it('are silent where one scenario has contradicted what another could not see', () => {
    expect(
      placed(
        { staticFindings: [found('no-endpoints', 'not-observed', 6)] },
        { name: 'b', staticFindings: [found('no-endpoints', 'contradicted', 6)] },
      ),
    ).toEqual([]);
  });
});

describe('the annotation of a problem', () => {
  const problem = {
    code: 'RP1003',
    what: 'No port is named http',
    why: 'the Service has 80 only',
    remedy: 'Set port.',
  };

  it('stands at its line', () => {
    expect(problemAnnotation({ ...problem, where: 'k8s/a:b/web.yaml:31:7' })).toEqual({
      level: 'error',
      title: 'Rollproof RP1003',
      message: 'No port is named http. the Service has 80 only. Set port.',
      place: { file: 'k8s/a:b/web.yaml', line: 31, column: 7 },
    });
  });

  it.each(['input port', '<stdin>:3:1', undefined])('has no place in a file for %j', (where) => {
    expect(problemAnnotation({ ...problem, ...(where === undefined ? {} : { where }) })).not.toHaveProperty(
      'place',
    );
  });
});
