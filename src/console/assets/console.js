/**
 * What needs a script: the chart, and whether the page is being kept up to date. Everything else is htmx's attributes.
 * Colours are the style sheet's, read each time it draws.
 */
const plots = { upper: ['completed', 'failed', 'abandoned'], lower: ['held', 'replayed'] };
let chart = null;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Stacked from the line outwards; the outermost comes first, so that the inner ones are drawn over it. */
function stacked(counts, names, sign) {
  const sums = counts[names[0]].map(() => 0);
  const layers = names.map((name) => ({
    name,
    values: counts[name].map((count, index) => {
      sums[index] += sign * count;
      return sums[index];
    }),
  }));
  return layers.reverse();
}

function bandsOf(data) {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const { from, to } of data.switchovers) {
      const left = Math.max(bbox.left, plot.valToPos(from / 1000, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to / 1000, 'x', true));
      if (right < left) continue;
      ctx.fillStyle = colour('--band');
      ctx.fillRect(left, bbox.top, Math.max(3 * devicePixelRatio, right - left), bbox.height);
      ctx.fillStyle = colour('--mark');
      ctx.fillRect(left, bbox.top, 1.5 * devicePixelRatio, bbox.height);
    }
    ctx.restore();
  };
}

function draw() {
  const place = document.getElementById('plot');
  if (place === null || window.uPlot === undefined) return;
  const data = JSON.parse(place.dataset.timeline);
  const layers = [...stacked(data.counts, plots.upper, 1), ...stacked(data.counts, plots.lower, -1)];
  const bars = window.uPlot.paths.bars({ size: [0.8, 40], align: 1, gap: 1 });
  const ink = colour('--quiet');
  const axis = {
    stroke: ink,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
  };
  const values = layers.flatMap((layer) => layer.values);
  const top = Math.max(1, ...values);
  const bottom = Math.min(0, ...values);
  const options = {
    width: place.clientWidth,
    height: 190,
    legend: { show: false },
    cursor: { show: false },
    tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { range: [data.at[0] / 1000, (data.at.at(-1) + data.spanMs) / 1000] },
      y: { range: [bottom * 1.1, top * 1.1] },
    },
    axes: [
      { ...axis, size: 28, grid: { show: false }, values: '{HH}:{mm}' },
      {
        ...axis,
        size: 44,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000],
        values: (_, ticks) => ticks.map((tick) => Math.abs(tick).toLocaleString('en')),
      },
    ],
    series: [
      {},
      ...layers.map(({ name }) => {
        const fill = colour(`--of-${name}`);
        return { label: name, fill, stroke: fill, width: 0, paths: bars, points: { show: false } };
      }),
    ],
    hooks: { drawClear: [bandsOf(data)] },
  };
  const seconds = data.at.map((at) => at / 1000);
  chart?.destroy();
  chart = new window.uPlot(options, [seconds, ...layers.map((layer) => layer.values)], place);
}

/** Says in the foot whether what is shown follows what happens; a page that stood still would look like calm. */
function tell(isLive) {
  const place = document.getElementById('liveness');
  document.documentElement.dataset.live = isLive ? 'yes' : 'no';
  if (place !== null)
    place.textContent = isLive ? 'Kept up to date.' : 'Not kept up to date: the gateway does not answer.';
}

let isFollowing = false;
const follows = (is) => () => {
  isFollowing = is;
  tell(is);
};

document.addEventListener('htmx:sse:after:connection', follows(true));
document.addEventListener('htmx:sse:error', follows(false));
document.addEventListener('htmx:sse:close', follows(false));
document.addEventListener('htmx:response:error', follows(false));
// A list in which somebody is ticking stands still.
document.addEventListener('htmx:before:request', (event) => {
  if (event.target.id === 'live' && event.target.querySelector('[name="id"]:checked') !== null) event.preventDefault();
});
document.addEventListener('htmx:after:swap', () => {
  tell(isFollowing);
  draw();
});
document.addEventListener('DOMContentLoaded', draw);
window.addEventListener('resize', draw);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
