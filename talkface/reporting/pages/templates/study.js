"use strict";
// Pairs of films in an order of each participant's own; the choices end in a file that the participant saves.
const content = JSON.parse(document.getElementById("content").textContent);
const part = (id) => document.getElementById(id);
const [left, right] = [part("left"), part("right")];
const choices = [part("choose-left"), part("choose-right")];
const votes = [];
let [order, place, shownAt, participant] = [[], 0, 0, ""];

// The order follows from the participant's name, so that it can be made again.
function seedOf(text) {
  let hash = 2166136261; // FNV-1a
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  return hash >>> 0;
}

function numbersFrom(seed) {
  let state = seed;
  return () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(pairs, next) {
  const mixed = pairs.map((pair) => (next() < 0.5 ? [...pair] : [pair[1], pair[0]]));
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

function show() {
  if (place === order.length) return end();
  const [one, other] = order[place];
  [left.src, right.src] = [content.films[one], content.films[other]];
  for (const button of choices) button.disabled = true;
  part("progress").textContent = `Pair ${place + 1} of ${order.length}`;
  shownAt = performance.now();
  part("play").focus();
}

async function play() {
  for (const film of [left, right]) film.currentTime = 0;
  await Promise.allSettled([left.play(), right.play()]);
}

function seen() {
  if (left.ended && right.ended) for (const button of choices) button.disabled = false;
}

function choose(side) {
  const [one, other] = order[place];
  const [chosen, passed] = side === 0 ? [one, other] : [other, one];
  const seconds = Math.round((performance.now() - shownAt) / 100) / 10;
  votes.push({ chosen, other: passed, side: side === 0 ? "left" : "right", seconds });
  place += 1;
  show();
}

function end() {
  part("pair").hidden = true;
  part("end").hidden = false;
  const whole = { study: content.study, question: content.question, participant, votes };
  const link = part("save");
  link.download = `votes-${participant}.json`;
  link.href = `data:application/json,${encodeURIComponent(`${JSON.stringify(whole, null, 1)}\n`)}`;
  part("end").querySelector("h2").focus();
}

part("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  participant = part("participant").value;
  order = shuffled(content.pairs, numbersFrom(seedOf(participant)));
  part("begin").hidden = true;
  part("pair").hidden = false;
  show();
});
part("play").addEventListener("click", play);
for (const film of [left, right]) film.addEventListener("ended", seen);
choices.forEach((button, side) => button.addEventListener("click", () => choose(side)));
addEventListener("beforeunload", (event) => votes.length && place < order.length && event.preventDefault());
part("begin").hidden = false;
