"use strict";
// Tables that sort, filter and explain their columns; films that start together; light and dark.
document.documentElement.classList.add("js");

const spoken = document.createElement("div"); // what has changed, for screen readers
spoken.className = "unseen";
spoken.setAttribute("aria-live", "polite");
document.body.append(spoken);

function made(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

// ---- Definitions of columns, shown while a heading is pointed at or focused.

const tip = made("p", { id: "tip", hidden: true });
tip.setAttribute("aria-hidden", "true"); // the heading's description says the same
document.body.append(tip);
const DIRECTIONS = { high: "More is better.", low: "Less is better.", "near one": "One is best." };

function meaning(th) {
  const said = th.dataset.meaning ?? "";
  const sentence = said ? said[0].toUpperCase() + said.slice(1) + "." : "";
  return [sentence, DIRECTIONS[th.dataset.better]].filter(Boolean).join(" ");
}

let explained = null;

function showTip(th) {
  explained = th;
  tip.textContent = meaning(th);
  if (!tip.textContent) return;
  tip.hidden = false;
  const at = th.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left), innerWidth - tip.offsetWidth - 8);
  const above = at.top - tip.offsetHeight - 6;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 0 ? above : at.bottom + 6}px`;
}

function hideTip() {
  explained = null;
  tip.hidden = true;
}
// Focus may scroll the page: the definition goes with its heading.
addEventListener("scroll", () => explained && showTip(explained), { passive: true, capture: true });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});

// ---- Sorting: a heading's first click puts the best on top, the second turns that round, the third restores.

function sortValue(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

function compare(one, other, column) {
  const [a, b] = [sortValue(one, column), sortValue(other, column)];
  if (a !== null && b !== null) return a - b;
  if (a !== null || b !== null) return a === null ? Infinity : -Infinity; // what has no figure stays last
  return one.cells[column].textContent.localeCompare(other.cells[column].textContent, undefined, { numeric: true });
}

function sortBody(body, column, sign) {
  const rows = [...body.rows].filter((row) => !row.classList.contains("block"));
  rows.forEach((row, place) => (row.dataset.place ??= place));
  rows.sort((one, other) => {
    const found = column === null ? 0 : compare(one, other, column);
    if (Math.abs(found) === Infinity) return Math.sign(found);
    return sign * found || one.dataset.place - other.dataset.place;
  });
  body.append(...rows);
}

function sortBy(table, th) {
  const first = th.dataset.better === "high" ? "descending" : "ascending";
  const turned = first === "ascending" ? "descending" : "ascending";
  const now = th.getAttribute("aria-sort");
  const next = now === null ? first : now === first ? turned : null;
  table.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  if (next) th.setAttribute("aria-sort", next);
  const column = next ? th.cellIndex : null;
  for (const body of table.tBodies) sortBody(body, column, next === "descending" ? -1 : 1);
  const name = th.querySelector("button").textContent.trim();
  spoken.textContent = next ? `Sorted by ${name}, ${next}` : "In the table's own order";
}

let described = 0;

function makeSortable(table) {
  for (const th of table.querySelectorAll("tr.names th")) {
    const button = made("button", { type: "button" });
    button.append(...th.childNodes);
    th.append(button);
    if (meaning(th)) {
      const description = made("span", { id: `meaning-${described++}`, hidden: true, textContent: meaning(th) });
      th.append(description);
      button.setAttribute("aria-describedby", description.id);
    }
    button.addEventListener("click", () => sortBy(table, th));
    button.addEventListener("focus", () => button.matches(":focus-visible") && showTip(th));
    button.addEventListener("blur", hideTip);
    th.addEventListener("mouseenter", () => showTip(th));
    th.addEventListener("mouseleave", hideTip);
  }
}

// ---- Filtering, and published columns without a figure.

function filterRows(table, words, count) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.classList.contains("block"));
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !wanted.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  count.textContent = wanted.length ? `${shown} of ${rows.length} rows` : "";
}

function makeFilterable(table, tools) {
  const rows = table.querySelectorAll("tbody tr:not(.block)").length;
  if (rows < 4) return;
  const label = made("label", { textContent: "Filter rows " });
  const input = made("input", { type: "search", autocomplete: "off" });
  const count = made("output", { className: "count" });
  label.append(input);
  tools.append(label, count);
  input.addEventListener("input", () => filterRows(table, input.value, count));
}

function makeFoldable(table, tools) {
  const folded = table.querySelectorAll("tr.names .folded").length;
  if (!folded) return;
  const groups = [...table.querySelectorAll("tr.groups th")].map((th) => [th, th.colSpan, Number(th.dataset.folded)]);
  const said = folded === 1 ? "1 published column" : `${folded} published columns`;
  const text = `${said} without a readable figure`;
  const button = made("button", { type: "button", className: "fold", textContent: text });
  function fold(unfolded) {
    table.classList.toggle("unfolded", unfolded);
    button.setAttribute("aria-expanded", String(unfolded));
    for (const [th, span, own] of groups) th.colSpan = unfolded ? span : Math.max(1, span - own);
  }
  button.addEventListener("click", () => fold(!table.classList.contains("unfolded")));
  tools.append(button);
  fold(false);
}

for (const frame of document.querySelectorAll("div.table")) {
  const table = frame.querySelector("table");
  const tools = made("div", { className: "tools" });
  makeSortable(table);
  makeFilterable(table, tools);
  makeFoldable(table, tools);
  if (tools.childNodes.length) frame.prepend(tools);
}

// ---- The card of a figure: all that has to be equal before two figures may be compared.

const cards = JSON.parse(document.getElementById("cards")?.textContent ?? "{}");
const FIGURE_WORDS = ["meaning", "unit", "region", "better", "how", "source", "blind", "family", "evaluators", "published_weights"];
const ROW_WORDS = ["protocol", "subset", "method", "clips", "frames", "speakers", "seeds", "clips_sha256", "sampler", "films"];
const COMMON_WORDS = [
  "corpus", "corpus_sha256", "split", "split_sha256", "labeller", "landmarker_sha256", "codec", "code", "commit", "versions",
];

const PLAIN_WORDS = { how: "over clips", blind: "blind to", published_weights: "published file of weights" };

function inWords(value) {
  if (value === null || value === undefined || value === "") return "none";
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([name, own]) => `${name}: ${inWords(own)}`).join("; ") || "none";
}

function said(list, from, names) {
  for (const name of names) {
    if (!(name in from)) continue;
    const words = PLAIN_WORDS[name] ?? name.replace("sha256", "SHA-256").replaceAll("_", " ");
    list.append(made("dt", { textContent: words[0].toUpperCase() + words.slice(1) }));
    list.append(made("dd", { textContent: inWords(from[name]) }));
  }
}

const card = made("dialog", { className: "card" });
card.setAttribute("aria-labelledby", "card-title");
document.body.append(card);
card.addEventListener("click", (event) => event.target === card && card.close()); // beside the card

function showCard(cell, set, figure, row) {
  const table = cell.closest("table");
  const header = table.querySelectorAll("tr.names th")[cell.cellIndex];
  const name = header.querySelector("button").firstChild.textContent.trim();
  const title = made("h2", { id: "card-title", textContent: `${name}, ${cell.parentNode.cells[0].textContent.trim()}` });
  const value = made("p", { className: "value", textContent: cell.querySelector("button").textContent });
  const list = made("dl", {});
  said(list, figure, FIGURE_WORDS);
  said(list, row, ROW_WORDS);
  said(list, set, COMMON_WORDS);
  const close = made("button", { type: "button", textContent: "Close" });
  close.addEventListener("click", () => card.close());
  card.replaceChildren(title, value, close, list);
  card.showModal();
}

const CELL_STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function makeCards(table) {
  const set = cards[table.closest("[data-cards]")?.dataset.cards];
  if (!set) return;
  const names = [...table.querySelectorAll("tr.names th")].map((th) => th.dataset.figure);
  const rows = new Map(set.rows.map((row) => [`${row.protocol}/${row.subset}/${row.method}`, row]));
  let first = true;
  for (const tr of table.querySelectorAll("tr[data-card]")) {
    const row = rows.get(tr.dataset.card);
    for (const cell of tr.cells) {
      const figure = set.figures[names[cell.cellIndex]];
      if (!row || !figure || cell.dataset.value === undefined) continue;
      const button = made("button", { type: "button", className: "figure", tabIndex: first ? 0 : -1 });
      first = false;
      button.setAttribute("aria-haspopup", "dialog");
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => showCard(cell, set, figure, row));
    }
  }
  // One figure of a table is in the order of Tab; arrows go on from it.
  table.addEventListener("keydown", (event) => {
    const step = CELL_STEPS[event.key];
    const cell = event.target.closest("td");
    if (!step || !cell || !event.target.classList.contains("figure")) return;
    const below = [...table.querySelectorAll("tr[data-card]")].filter((tr) => !tr.hidden);
    let [row, column, next] = [below.indexOf(cell.parentNode), cell.cellIndex, null];
    do {
      [row, column] = [row + step[0], column + step[1]];
      next = below[row]?.cells[column]?.querySelector(".figure"); // cells without a figure are passed over
    } while (!next && below[row]?.cells[column]);
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

for (const table of document.querySelectorAll("div.table table")) makeCards(table);

// ---- Films of one clip: one clock for all.

const FRAME_S = 1 / 25;
const LATE_S = 0.3; // a film further from the first one is put back to it; a nearer one runs faster or slower
const players = [];

class Player {
  constructor(clip) {
    this.bar = clip.querySelector(".player");
    this.films = [...clip.querySelectorAll(".film")];
    this.videos = [...clip.querySelectorAll("video")];
    [this.first] = this.videos;
    this.button = this.part("play");
    this.seek = this.part("seek");
    this.playing = false;
    this.bar.hidden = false;
    for (const video of this.videos) {
      video.controls = false;
      video.preload = "auto";
      video.addEventListener("ended", () => this.end());
    }
    this.first.addEventListener("loadedmetadata", () => this.tell());
    this.first.addEventListener("seeked", () => this.tell());
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.part("restart").addEventListener("click", () => this.goTo(0));
    this.part("back").addEventListener("click", () => this.step(-1));
    this.part("ahead").addEventListener("click", () => this.step(1));
    this.part("speed").addEventListener("change", () => this.setSpeed());
    this.part("sound").addEventListener("change", () => this.hear());
    this.seek.addEventListener("input", () => this.goTo((this.seek.value / 1000) * this.length));
    this.hear();
    this.tell();
  }

  part(name) {
    return this.bar.querySelector(`.${name}`);
  }

  get length() {
    const known = this.videos.map((video) => video.duration).filter(Number.isFinite);
    return known.length ? Math.min(...known) : 0;
  }

  async play() {
    for (const other of players) if (other !== this) other.pause();
    this.playing = true;
    this.button.textContent = "Pause";
    this.setSpeed();
    if (this.first.currentTime >= this.length - FRAME_S) await this.goTo(0);
    await Promise.all(this.videos.map(ready));
    if (!this.playing) return; // paused meanwhile
    const started = await Promise.allSettled(this.videos.filter((video) => !video.error).map((video) => video.play()));
    if (started.some((one) => one.status === "rejected")) this.pause(); // the browser refused: none runs alone
    else requestAnimationFrame(() => this.watch());
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.button.textContent = "Play";
    for (const video of this.videos) video.pause();
    this.goTo(this.first.currentTime);
  }

  end() {
    if (!this.playing) return;
    if (this.part("repeat").checked) {
      for (const video of this.videos) video.pause();
      this.goTo(0).then(() => this.playing && this.play());
      return;
    }
    this.pause();
  }

  async goTo(seconds) {
    await Promise.all(this.videos.map((video) => moved(video, Math.min(seconds, video.duration || 0))));
    this.tell();
  }

  step(frames) {
    this.pause();
    const frame = Math.floor(this.first.currentTime / FRAME_S + 1e-3) + frames;
    const last = Math.round(this.length / FRAME_S) - 1;
    this.goTo((Math.min(Math.max(frame, 0), last) + 0.5) * FRAME_S); // a frame's middle: its edges round
  }

  setSpeed() {
    for (const video of this.videos) video.playbackRate = Number(this.part("speed").value);
  }

  hear() {
    const heard = Number(this.part("sound").value);
    this.videos.forEach((video, place) => (video.muted = place !== heard));
    this.films.forEach((film, place) => film.classList.toggle("heard", place === heard));
  }

  watch() {
    if (!this.playing) return;
    const speed = Number(this.part("speed").value);
    for (const video of this.videos) {
      const behind = this.first.currentTime - video.currentTime;
      if (Math.abs(behind) > LATE_S && !video.seeking) video.currentTime = this.first.currentTime;
      const nudge = Math.abs(behind) < FRAME_S / 2 ? 0 : Math.min(Math.max(2 * behind, -0.2), 0.2);
      video.playbackRate = speed * (1 + nudge);
    }
    this.tell();
    requestAnimationFrame(() => this.watch());
  }

  tell() {
    const now = this.first.currentTime;
    const text = `${now.toFixed(2)} of ${this.length.toFixed(2)} s`;
    this.seek.value = this.length ? (1000 * now) / this.length : 0;
    this.seek.setAttribute("aria-valuetext", text);
    this.part("time").textContent = text;
  }
}

function ready(video) {
  if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return Promise.resolve();
  return new Promise((done) => {
    for (const event of ["canplay", "error"]) video.addEventListener(event, done, { once: true });
  });
}

function moved(video, seconds) {
  if (video.readyState < HTMLMediaElement.HAVE_METADATA || video.currentTime === seconds) return Promise.resolve();
  return new Promise((done) => {
    video.addEventListener("seeked", done, { once: true });
    video.currentTime = seconds;
  });
}

for (const clip of document.querySelectorAll("section.clip")) players.push(new Player(clip));

// ---- Light and dark.

const theme = document.querySelector(".theme select");

function remembered() {
  try {
    return localStorage.getItem("talkface-theme") ?? "";
  } catch {
    return ""; // a file opened from disk may have no memory
  }
}

function setTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  try {
    localStorage.setItem("talkface-theme", name);
  } catch {
    // it holds for this visit
  }
}

theme.value = remembered();
setTheme(theme.value);
theme.addEventListener("change", () => setTheme(theme.value));
theme.closest("label").hidden = false;
