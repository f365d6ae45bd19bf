// A row for each action unit: its slider, its curve over time, and a line that goes with the film.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [1000, 100, 8];
const LEAST_TOP = 2; // of the scale: curves of silence are not blown up

function drawn(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function made(tag, properties, ...inside) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...inside);
  return node;
}

export class Units {
  constructor(root, units, video, changed) {
    [this.video, this.curves] = [video, null];
    this.rows = units.map(({ au, name }) => this.row(au, name, changed));
    root.append(...this.rows.map((row) => row.node));
    const follow = () => {
      this.move();
      if (!video.paused) requestAnimationFrame(follow);
    };
    for (const type of ["play", "seeked", "timeupdate", "loadeddata"]) video.addEventListener(type, follow);
  }

  row(au, name, changed) {
    const slider = made("input", { type: "range", min: 0, max: 3, step: 0.1, value: 1, id: `slider-${au}` });
    const times = made("span", { className: "times", textContent: "× 1" });
    times.setAttribute("aria-hidden", "true");
    const label = made("label", { className: "name", htmlFor: slider.id }, made("strong", { textContent: au }), ` ${name}`);
    const control = made("div", { className: "control" }, label, made("div", { className: "slide" }, slider, times));
    const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    const [asked, shown] = ["asked", "shown"].map((kind) => drawn("polyline", { class: kind }));
    const head = drawn("line", { class: "head", y1: 0, y2: HEIGHT, x1: 0, x2: 0 });
    picture.append(asked, shown, head);
    const now = made("output", { className: "now" });
    now.setAttribute("aria-live", "off");
    now.setAttribute("aria-label", `${au} now`);
    const row = { au, name, slider, times, picture, asked, shown, head, now };
    slider.addEventListener("input", () => this.tell(row));
    slider.addEventListener("change", changed);
    picture.addEventListener("click", (event) => this.seek(picture, event.clientX));
    row.node = made("div", { className: "unit" }, control, picture, now);
    this.tell(row);
    return row;
  }

  tell({ slider, times }) {
    const said = `× ${Number(slider.value)}`;
    times.textContent = said;
    times.classList.toggle("set", Number(slider.value) !== 1);
    slider.setAttribute("aria-valuetext", `times ${Number(slider.value)}`);
  }

  factors() {
    const set = this.rows.filter(({ slider }) => Number(slider.value) !== 1);
    return Object.fromEntries(set.map(({ au, slider }) => [au, Number(slider.value)]));
  }

  reset() {
    for (const row of this.rows) {
      row.slider.value = 1;
      this.tell(row);
    }
  }

  seek(picture, x) {
    const box = picture.getBoundingClientRect();
    if (this.video.duration) this.video.currentTime = ((x - box.left) / box.width) * this.video.duration;
  }

  draw(curves) {
    this.curves = curves;
    const all = this.rows.flatMap(({ au }) => [...(curves.predicted[au] ?? []), ...(curves.shown[au] ?? [])]);
    const top = Math.max(LEAST_TOP, Math.ceil(2 * Math.max(...all)) / 2);
    const points = (values) =>
      values
        .map((value, frame) => {
          const x = ((frame + 0.5) / values.length) * WIDTH;
          const y = HEIGHT - EDGE - (Math.max(0, value) / top) * (HEIGHT - 2 * EDGE);
          return `${x.toFixed(1)},${y.toFixed(1)}`;
        })
        .join(" ");
    for (const { au, name, picture, asked, shown } of this.rows) {
      const values = curves.shown[au] ?? [];
      asked.setAttribute("points", points(curves.predicted[au] ?? []));
      shown.setAttribute("points", points(values));
      const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
      const most = Math.max(...values);
      picture.setAttribute("aria-label", `${au} ${name} over time: mean ${mean.toFixed(1)}, highest ${most.toFixed(1)} of 5`);
    }
    this.move();
  }

  move() {
    const { currentTime, duration } = this.video;
    const x = duration ? (currentTime / duration) * WIDTH : 0;
    const frame = Math.floor(currentTime * (this.curves?.fps ?? 25) + 1e-3);
    for (const { au, head, now } of this.rows) {
      head.setAttribute("x1", x);
      head.setAttribute("x2", x);
      const values = this.curves?.shown[au] ?? [];
      const value = values[Math.min(frame, values.length - 1)];
      now.textContent = value === undefined ? "" : Math.max(0, value).toFixed(1);
    }
  }
}
