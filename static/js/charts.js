// Charts: a read-out under pointer and arrow keys, a range by dragging (or Shift + arrows, then Enter). All listeners
// stand on the document, so swaps lose nothing; texts come formatted (app/charts/frame.py).
(() => {
  "use strict";
  let plot, chart; // being read, and what the server says about it
  let start, end; // buckets: where the range began, and the one that is read
  let dragging;

  const put = (mark, values) => Object.entries(values).forEach(([name, value]) => mark.setAttribute(name, value));
  const add = (parent, tag, textContent, className = "") =>
    Object.assign(parent.appendChild(document.createElement(tag)), { textContent, className });
  const bounds = () => [Math.min(start, end), Math.max(start, end)];
  const marks = (kind) => [...plot.querySelectorAll(`[data-mark=${kind}]`)];

  function take(next) {
    if (next === plot) return;
    if (plot) marks("tip")[0].replaceChildren(); // which hides the other marks, too
    plot = next;
    chart = plot && JSON.parse(plot.dataset.chart);
    dragging = false;
  }

  function under({ clientX, clientY }) {
    const box = plot.getBoundingClientRect();
    const { columns, height, step, width } = chart;
    const index = (share, size, most) => Math.max(0, Math.min(Math.floor((share * 100) / size + (width ? 0 : 0.5)), most - 1));
    const row = width ? index((clientY - box.top) / box.height, height, Math.round(100 / height)) : 0;
    return row * columns + index((clientX - box.left) / box.width, step, columns);
  }

  function show() {
    const { names, lefts, width, height, rows, columns } = chart;
    const [first, last] = bounds();
    const x = lefts[end];
    const y = Math.floor(end / columns) * height;
    const wide = lefts[last] - lefts[first] + width;
    put(marks("cursor")[0], { x: `${lefts[first]}%`, width: wide ? `${wide}%` : 1, y: `${y}%`, height: `${height}%` });
    marks("dot").forEach((dot, number) => {
      const cy = rows[number][3][end];
      put(dot, { cx: `${x}%`, cy: cy || 0, r: cy ? 4.5 : 0 });
    });
    const tip = marks("tip")[0];
    tip.replaceChildren();
    add(tip, "strong", first === last ? names[end] : `${names[first]} – ${names[last]}`);
    rows.forEach(([label, colour, texts]) => {
      if (first !== last) return;
      const line = add(tip, "div", "", colour);
      add(line, "span", label);
      add(line, "b", texts[end]);
    });
    // Beside the bucket; where neither side has room (phones), over it.
    const room = plot.clientWidth - tip.offsetWidth;
    const left = (x / 100) * plot.clientWidth - tip.offsetWidth - 12;
    const right = ((x + width) / 100) * plot.clientWidth + 12;
    const over = left < 0 && right > room;
    tip.style.left = `${Math.max(0, Math.min(right > room && !over ? left : right, room))}px`;
    tip.style.top = `${(y / 100) * plot.clientHeight - (over ? tip.offsetHeight + 6 : 0)}px`;
  }

  function go() {
    const [first, last] = bounds().map((index) => chart.ranges[index]);
    if (start === end || !first || !last) return;
    const url = new URL(plot.dataset.rangeUrl, location.href);
    url.searchParams.set("from", first[0]);
    url.searchParams.set("to", last[1]);
    location.assign(url);
  }

  function point(event) {
    if (!dragging) take(event.target.closest("[data-chart]"));
    if (!plot) return;
    end = under(event);
    if (!dragging) start = end;
    show();
  }

  const on = (name, listener) => document.addEventListener(name, listener);
  on("pointermove", point);
  on("pointerdown", (event) => {
    point(event);
    dragging = plot && plot.dataset.rangeUrl && event.pointerType === "mouse" && !event.button;
  });
  on("pointerup", () => {
    if (dragging) go();
    dragging = false;
  });
  on("focusout", ({ target }) => target === plot && take(null));
  on("keydown", (event) => {
    if (event.key === "Escape") return take(null);
    if (!event.target.matches("[data-chart]")) return;
    const range = event.target.dataset.rangeUrl;
    if (event.target !== plot) {
      take(event.target);
      start = end = chart.names.length; // the first arrow back reads the latest
    }
    const { names, columns } = chart;
    if (event.key === "Enter" && range) go();
    const to = { ArrowLeft: end - 1, ArrowRight: end + 1, ArrowUp: end - columns, ArrowDown: end + columns }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    end = to in names ? to : Math.min(end, names.length - 1);
    if (!event.shiftKey || !range || !(start in names)) start = end;
    show();
  });
})();
