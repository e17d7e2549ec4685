// One lane per pod under the plot, on the plot's own time axis: zoomed with it, and pointed at from it.

/** @typedef {{ name: string, stretches: [string, number, number][], instants: [string, number][] }} Lane */

/**
 * Draws the lanes of a run into a holder, once.
 * @param {HTMLElement} holder
 * @param {Lane[]} lanes
 * @param {(text: string) => void} tell What the pointer is over, in words.
 */
export function drawLanes(holder, lanes, tell) {
  const rows = lanes.map(({ name, stretches, instants }) => {
    const track = element('div', 'track');
    const bars = stretches.map(([stage, from, to]) => {
      const bar = element('div', `stretch ${stage.replace(' ', '-')}`);
      bar.addEventListener('pointerenter', () =>
        tell(`${name}: ${stage} from ${at(from)} to ${at(to)} (${(to - from).toFixed(2)} s)`),
      );
      return { bar, from, to };
    });
    const ticks = instants.map(([what, when]) => {
      const tick = element('i', 'instant');
      tick.addEventListener('pointerenter', () => tell(`${name}: ${what} at ${at(when)}`));
      return { bar: tick, from: when, to: when };
    });
    track.append(...[...bars, ...ticks].map(({ bar }) => bar));
    const label = element('div', 'lane-name');
    label.textContent = name;
    const lane = element('div', 'lane');
    lane.append(label, track);
    const told = instants.map(([what, when]) => `${what} at ${at(when)}`).join(', ');
    lane.setAttribute('role', 'img');
    lane.setAttribute('aria-label', `${name}: ${told}`);
    return { lane, pieces: [...bars, ...ticks] };
  });
  const pointer = element('div', 'pointer');
  holder.replaceChildren(...rows.map(({ lane }) => lane), pointer);
  let scale = { min: 0, max: 1 };
  const share = (seconds) => (100 * (seconds - scale.min)) / (scale.max - scale.min || 1);

  return {
    /** Puts everything where the plot has that time: seconds at its edges, pixels of its area. */
    place(min, max, leftPx, widthPx) {
      scale = { min, max };
      holder.style.setProperty('--plot-left', `${leftPx}px`);
      holder.style.setProperty('--plot-width', `${widthPx}px`);
      for (const { pieces } of rows) {
        for (const { bar, from, to } of pieces) {
          bar.style.left = `${share(from)}%`;
          if (to > from) bar.style.width = `${share(to) - share(from)}%`;
        }
      }
    },
    /** Shows an instant, and which lane a request was lost at; undefined and -1 for none. */
    point(seconds, hit) {
      const inside = seconds !== undefined && seconds >= scale.min && seconds <= scale.max;
      pointer.hidden = !inside;
      if (inside) pointer.style.setProperty('--share', String(share(seconds) / 100));
      for (const [index, { lane }] of rows.entries()) lane.classList.toggle('hit', index === hit);
    },
  };
}

function at(seconds) {
  return `${seconds.toFixed(2)} s`;
}

function element(tag, className) {
  const node = document.createElement(tag);
  node.className = className;
  return node;
}
