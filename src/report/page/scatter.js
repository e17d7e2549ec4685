// Runs in the reader's browser: draws one scatter plot per recording from the data that the page carries.
// Bundled with uPlot into page-inline.json by scripts/inline-page.ts.
import uPlot from 'uplot';
import { drawLanes } from './lanes.js';

/**
 * @typedef {object} ChartData
 * @property {number[]} sent Send times in 0.1 ms, each as the difference to the one before.
 * @property {number[]} response Response times in 0.01 ms; -1 - k where the request ended as `failures[k]`.
 * @property {string[]} failures
 * @property {[number, number] | null} span Seconds from trigger to completion.
 * @property {{ at: number, kind: string }[]} marks Seconds.
 * @property {Record<number, [number, number, number, number]>} lost Request, source port, lane and cause, by index.
 * @property {string[]} causes
 * @property {import('./lanes.js').Lane[]} lanes
 */

const SECONDS_PER_TICK = 1e-4;
const MILLISECONDS_PER_TICK = 1e-2;
/** Failed requests stand below zero, at this part of the height. */
const FLOOR_SHARE = 0.08;

const charts = new Map();

for (const holder of document.querySelectorAll('.chart')) {
  new IntersectionObserver(
    (seen, observer) => {
      if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      draw(holder);
    },
    { rootMargin: '400px' },
  ).observe(holder);
  new ResizeObserver(() => charts.get(holder)?.setSize(sizeOf(holder))).observe(holder);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const holder of charts.keys()) draw(holder);
});

function draw(holder) {
  /** @type {ChartData} */
  const data = JSON.parse(document.getElementById(holder.dataset.source).textContent);
  const colour = (name) => getComputedStyle(holder).getPropertyValue(`--${name}`).trim();
  const { times, answered, failed, topMs } = columnsOf(data);
  charts.get(holder)?.destroy();
  const [lanesHolder, readout] = [holder.nextElementSibling, holder.nextElementSibling.nextElementSibling];
  const lanes = drawLanes(lanesHolder, data.lanes, (text) => {
    readout.textContent = text;
  });
  const axis = {
    stroke: colour('muted'),
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  const points = (name, size) => ({ show: true, size, width: 0, fill: colour(name) });
  const chart = new uPlot(
    {
      ...sizeOf(holder),
      padding: [14, 14, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false },
        y: { range: (_chart, _low, high) => [-topMs * FLOOR_SHARE * 2, Math.max(high ?? 0, topMs) * 1.05] },
      },
      axes: [
        { ...axis, values: (_chart, ticks) => ticks.map((tick) => `${tick} s`), space: 60 },
        { ...axis, values: (_chart, ticks) => ticks.map((tick) => (tick < 0 ? '' : `${tick} ms`)), size: 64 },
      ],
      series: [
        {},
        { stroke: colour('ok'), paths: () => null, points: points('ok', 3) },
        { stroke: colour('bad'), paths: () => null, points: points('bad', 6) },
      ],
      cursor: { drag: { x: true, y: true, uni: 30 }, points: { show: false } },
      hooks: {
        drawClear: [(self) => shade(self, data, colour)],
        draw: [(self) => mark(self, data, topMs, colour)],
        // Every drawing, also after a zoom or a new size: the lanes follow.
        drawAxes: [
          ({ scales: { x }, bbox }) =>
            lanes.place(x.min, x.max, bbox.left / devicePixelRatio, bbox.width / devicePixelRatio),
        ],
        setCursor: [
          (self) => {
            const index = pointedAt(self, times, failed);
            readout.textContent = index === undefined ? ' ' : told(data, times, index);
            lanes.point(times[index], data.lost[index]?.[2] ?? -1);
          },
        ],
      },
    },
    [times, answered, failed],
    holder,
  );
  charts.set(holder, chart);
}

/** @param {ChartData} data */
function columnsOf({ sent, response }) {
  let ticks = 0;
  const times = sent.map((step) => {
    ticks += step;
    return ticks * SECONDS_PER_TICK;
  });
  const answered = response.map((ticks) => (ticks < 0 ? null : ticks * MILLISECONDS_PER_TICK));
  const topMs = answered.reduce((top, ms) => Math.max(top, ms ?? 0), 1);
  const failed = response.map((ticks) => (ticks < 0 ? -topMs * FLOOR_SHARE : null));
  return { times, answered, failed, topMs };
}

/** How far from the cursor a failed request is still meant, in pixels. */
const REACH_PX = 12;

/** The point under the cursor; below zero, where failed requests stand, the nearest of them. */
function pointedAt({ cursor: { idx, left, top }, valToPos }, times, failed) {
  if (idx === null || idx === undefined) return undefined;
  if (top < valToPos(0, 'y')) return idx;
  const distance = (index) => Math.abs(valToPos(times[index], 'x') - left);
  let nearest;
  for (const step of [-1, 1]) {
    for (let index = idx; index >= 0 && index < times.length && distance(index) <= REACH_PX; index += step) {
      if (failed[index] === null) continue;
      if (nearest === undefined || distance(index) < distance(nearest)) nearest = index;
      break;
    }
  }
  return nearest ?? idx;
}

function told({ response, failures, lost, causes, lanes }, times, index) {
  const at = `${times[index].toFixed(3)} s`;
  const ticks = response[index];
  if (ticks >= 0) return `${at}: answered in ${(ticks * MILLISECONDS_PER_TICK).toFixed(2)} ms`;
  const [request, port, lane, cause] = lost[index] ?? [];
  const facts = [
    ...(request === undefined ? [] : [`request ${request}`]),
    ...(port ? [`from port ${port}`] : []),
    ...(lanes[lane] ? [`to ${lanes[lane].name}`] : []),
    ...(causes[cause] ? [`cause: ${causes[cause]}`] : []),
  ];
  return `${at}: ${failures[-1 - ticks]}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

function shade({ ctx, bbox, valToPos }, { span }, colour) {
  if (!span) return;
  const [from, to] = span.map((at) =>
    Math.min(Math.max(valToPos(at, 'x', true), bbox.left), bbox.left + bbox.width),
  );
  ctx.save();
  ctx.fillStyle = colour('span');
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.restore();
}

function mark({ ctx, bbox, valToPos }, { marks, failures }, topMs, colour) {
  ctx.save();
  if (failures.length > 0) {
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.fillStyle = colour('bad');
    ctx.textAlign = 'right';
    ctx.textBaseline = 'middle';
    ctx.fillText('dropped', bbox.left - 6 * devicePixelRatio, valToPos(-topMs * FLOOR_SHARE, 'y', true));
  }
  ctx.lineWidth = devicePixelRatio;
  for (const { at, kind } of marks) {
    const x = Math.round(valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colour(kind);
    ctx.setLineDash(kind === 'pod' ? [3 * devicePixelRatio, 3 * devicePixelRatio] : []);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function sizeOf(holder) {
  const width = Math.max(240, Math.floor(holder.clientWidth));
  return { width, height: width < 500 ? 240 : 320 };
}
