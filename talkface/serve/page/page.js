// Photo and voice to a film: asks for it, shows how far it is, plays it, and makes it again with other action units.
import { Refused, get, part, remove, send, sentence, tell } from "./api.js";
import { Units } from "./curves.js";
import { Photo, Sound } from "./inputs.js";
import { tellModel } from "./model.js";

const [POLL_MS, SETTLE_MS, SPEAK_EVERY_MS, GONE] = [300, 500, 10000, 404];
const at = (id) => document.getElementById(id);
const film = at("film"), problem = part(at("make"), ".problem");
let photo, sound, units, about;
let current = null; // the film that is being made
let turn = 0; // counts wishes: answers to earlier ones are dropped

function chooseTheme(value) {
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
}

at("theme").value = localStorage.getItem("talkface-theme") ?? "";
chooseTheme(at("theme").value);
at("theme").addEventListener("change", ({ target }) => {
  localStorage.setItem("talkface-theme", target.value);
  chooseTheme(target.value);
});

function speak(text) {
  at("spoken").textContent = text;
}

const waiting = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function lacking() {
  if (!photo.sent) return ["Choose a photo first.", part(photo.root, ".ways input:checked")];
  const spoken = sound.way() === "text" && sound.text.value.trim();
  if (!sound.sent && !spoken) return ["Choose a voice first.", part(sound.root, ".ways input:checked")];
  if (!at("consent").checked) return ["The people in photo and voice have to agree first: see the box above.", at("consent")];
  return null;
}

async function wish() {
  const made = () => Promise.all([photo.sent, sound.sent ?? sound.speak()]);
  const ask = ([photoFound, soundFound]) =>
    send("/api/films", {
      photo: photoFound.id,
      sound: soundFound.id,
      au: units?.factors() ?? {},
      label: at("label").checked,
      consent: at("consent").checked,
    });
  try {
    return await ask(await made());
  } catch (error) {
    if (!(error instanceof Refused && error.status === GONE)) throw error;
    return ask(await Promise.all([photo.again(), sound.again()])); // the server has forgotten them
  }
}

async function make(event) {
  const lacks = lacking();
  tell(problem, lacks?.[0] ?? "");
  if (lacks) {
    lacks[1].focus();
    return;
  }
  const own = ++turn;
  tell(at("failed"), "");
  if (current) remove(`/api/films/${current.id}`).catch(() => {});
  current = null;
  at("progress").hidden = false;
  at("bar").removeAttribute("value");
  at("far").textContent = "Asking for the film …";
  const seen = () => event && at("progress").scrollIntoView({ block: "nearest" }); // on a phone it is below
  seen();
  speak("The film is being made.");
  try {
    const job = await wish();
    if (own !== turn) return void remove(`/api/films/${job.id}`).catch(() => {});
    current = job;
    seen(); // a sound that was spoken has moved it
    const ended = await followed(job, own);
    if (own !== turn || !ended) return;
    if (ended.state === "failed") throw new Error(sentence(ended.message));
    if (ended.state === "done") await show(ended);
  } catch (error) {
    if (own === turn) tell(at("failed"), error.message);
  } finally {
    if (own === turn) {
      at("progress").hidden = true;
      current = null;
    }
  }
}

async function followed(job, own) {
  let said = performance.now();
  while (own === turn) {
    if (!["waiting", "working"].includes(job.state)) return job;
    at("far").textContent = far(job);
    if (job.done) [at("bar").max, at("bar").value] = [job.frames, job.done];
    if (performance.now() - said > SPEAK_EVERY_MS) {
      said = performance.now();
      speak(far(job));
    }
    await waiting(POLL_MS);
    job = await get(`/api/films/${job.id}`);
  }
  return null;
}

function far(job) {
  if (job.state === "waiting") return `Waiting: ${job.before} film${job.before === 1 ? "" : "s"} before this one.`;
  if (!job.done) return "Looking at the face …";
  const rate = job.frames_per_second ? `, ${job.frames_per_second} a second` : "";
  const left = job.remaining_s === null ? "" : `, ${Math.ceil(job.remaining_s)} s left`;
  return `${job.done} of ${job.frames} frames${rate}${left}`;
}

async function show(job) {
  const base = `/api/films/${job.id}`;
  film.src = `${base}/film.mp4`;
  [film.hidden, at("empty").hidden, at("saves").hidden] = [false, true, false];
  [at("save-film").href, at("save-curves").href] = [`${base}/film.mp4`, `${base}/curves.csv`];
  const known = (await photo.sent)?.notes ?? []; // told beside the photo
  const notes = job.notes.filter((note) => !known.includes(note));
  const set = Object.entries(job.au).map(([au, factor]) => `${au} × ${factor}`);
  at("facts").textContent = [`${job.seconds} s, ${job.width} × ${job.height}`, ...set].join("; ");
  at("notes").replaceChildren(
    ...notes.map((note) => Object.assign(document.createElement("li"), { textContent: sentence(note) })),
  );
  at("notes").hidden = !notes.length;
  film.dataset.job = job.id;
  if (units) {
    units.draw(await get(`${base}/curves.json`));
    at("units").hidden = false;
  }
  speak("The film is ready.");
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) film.play().catch(() => {});
}

function prepare() {
  photo = new Photo(about.limits);
  sound = new Sound(about);
  at("label-text").textContent = about.label;
  if (about.model.steered) {
    let settling = 0;
    const changed = () => {
      clearTimeout(settling);
      settling = setTimeout(() => make(), SETTLE_MS);
    };
    units = new Units(at("rows"), about.units, film, changed);
    at("plain").addEventListener("click", () => {
      units.reset();
      changed();
    });
  } else {
    [at("save-curves").hidden, at("no-units").hidden] = [true, false];
  }
  at("go").addEventListener("click", make);
  at("cancel").addEventListener("click", () => {
    turn += 1;
    if (current) remove(`/api/films/${current.id}`).catch(() => {});
    current = null;
    at("progress").hidden = true;
    speak("Cancelled.");
    at("go").focus();
  });
  tellModel(about);
  const linked = () => location.hash === "#model" && (at("model").open = true);
  addEventListener("hashchange", linked);
  linked();
}

// A file that is dropped beside the fields would otherwise replace the page.
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());

try {
  about = await get("/api/about");
  prepare();
  document.documentElement.dataset.ready = "yes";
} catch (error) {
  tell(at("failed"), error.message);
}
