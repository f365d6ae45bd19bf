// The photo and the voice: from files, camera, microphone or a text. Each is sent at once, so that what cannot
// be used is told before a film is asked for.
import { part, send, sentence, tell, upload } from "./api.js";

class Input {
  constructor(id, what, path) {
    this.root = document.getElementById(id);
    [this.what, this.path] = [what, path];
    [this.state, this.problem] = [part(this.root, ".state"), part(this.root, ".problem")];
    this.blob = null; // what was sent, in case that the server no longer keeps it
    this.sent = null; // a promise of the server's answer; null: nothing was chosen
    for (const radio of this.root.querySelectorAll(".ways input"))
      radio.addEventListener("change", () => this.choose(radio.value));
    const drop = part(this.root, ".drop"), file = part(drop, "input");
    file.addEventListener("change", () => file.files[0] && this.take(file.files[0]));
    for (const type of ["dragenter", "dragover"])
      drop.addEventListener(type, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.take(event.dataTransfer.files[0]);
    });
  }

  choose(way) {
    for (const panel of this.root.querySelectorAll(".way")) panel.hidden = panel.dataset.way !== way;
    this.complain("");
  }

  deny(way, reason) {
    const reasons = part(this.root, ".reasons");
    part(this.root, `.ways input[value="${way}"]`).disabled = true;
    tell(reasons, [reasons.textContent, reason].filter(Boolean).join(" "));
  }

  complain(text) {
    tell(this.problem, text);
  }

  say(text, good = false) {
    this.state.textContent = text;
    this.state.classList.toggle("good", good);
  }

  take(blob) {
    this.blob = blob;
    this.show(blob);
    if (blob.size > this.most) {
      const most = `${this.most / 1e6} MB`;
      return this.follow(Promise.reject(new Error(`The ${this.what} has more than ${most}; give a smaller file.`)));
    }
    return this.follow(upload(this.path, blob));
  }

  follow(answer) {
    this.sent = answer;
    this.complain("");
    this.say(`Looking at the ${this.what} …`);
    answer.then(
      (found) => this.sent === answer && this.accepted(found),
      (error) => this.sent === answer && this.refused(error),
    );
    return answer;
  }

  refused(error) {
    this.sent = null;
    this.say("");
    this.complain(error.message);
  }

  again() {
    return this.blob ? this.take(this.blob) : Promise.reject(new Error(`Choose the ${this.what} again.`));
  }
}

export class Photo extends Input {
  constructor(limits) {
    super("photo", "photo", "/api/photos");
    this.most = limits.photo_bytes;
    this.shown = part(this.root, ".shown");
    this.shown.addEventListener("error", () => (this.shown.hidden = true)); // not a picture at all
    this.camera = part(this.root, ".camera");
    [this.startButton, this.takeButton] = [part(this.root, ".start"), part(this.root, ".take")];
    this.startButton.addEventListener("click", () => this.start());
    this.takeButton.addEventListener("click", () => this.snap());
    if (!navigator.mediaDevices?.getUserMedia)
      this.deny("camera", "Browsers show the camera only to pages of this machine (127.0.0.1) or with https.");
  }

  choose(way) {
    super.choose(way);
    if (way !== "camera") this.stop();
  }

  show(blob) {
    if (this.shown.src) URL.revokeObjectURL(this.shown.src);
    this.shown.src = URL.createObjectURL(blob);
    this.shown.hidden = false;
    this.shown.classList.remove("refused");
  }

  accepted(found) {
    this.say(`A face was found. ${found.width} × ${found.height} pixels.`, true);
    if (found.notes.length) this.say(`${this.state.textContent} ${found.notes.map(sentence).join(" ")}`, true);
  }

  refused(error) {
    super.refused(error);
    this.shown.classList.add("refused");
  }

  async start() {
    this.complain("");
    try {
      const wanted = { width: { ideal: 1280 }, height: { ideal: 960 }, facingMode: "user" };
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
      this.camera.srcObject = this.stream;
      await this.camera.play();
    } catch (error) {
      this.stop();
      this.complain(`The camera cannot be used (${error.message}). Allow it in the browser, or choose a file.`);
      return;
    }
    [this.startButton.hidden, this.takeButton.hidden] = [true, false];
    this.takeButton.focus();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.camera.srcObject = null;
    [this.startButton.hidden, this.takeButton.hidden] = [false, true];
  }

  async snap() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.camera.videoWidth, this.camera.videoHeight];
    canvas.getContext("2d").drawImage(this.camera, 0, 0);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
    const file = part(this.root, '.ways input[value="file"]');
    file.checked = true;
    this.choose("file"); // where the picture is shown
    file.focus();
    this.take(blob);
  }
}

export class Sound extends Input {
  constructor(about) {
    super("sound", "sound", "/api/sounds");
    this.most = about.limits.sound_bytes;
    this.seconds = about.limits.sound_seconds;
    this.heard = part(this.root, ".heard");
    part(this.root, "#sound-hint").textContent = `Any usual sound or film with speech, up to ${this.seconds} s.`;
    this.recordButton = part(this.root, ".record");
    this.recordButton.addEventListener("click", () => (this.recorder ? this.recorder.stop() : this.record()));
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder)
      this.deny("microphone", "Browsers lend the microphone only to pages of this machine (127.0.0.1) or with https.");
    this.prepareText(about);
  }

  prepareText(about) {
    [this.text, this.voice] = [part(this.root, "textarea"), part(this.root, ".voice")];
    this.text.maxLength = about.limits.letters;
    if (!about.voices.length) this.deny("text", sentence(about.without_voices));
    for (const { code, name } of about.voices) this.voice.add(new Option(name, code));
    const wanted = [navigator.language.toLowerCase(), navigator.language.slice(0, 2), "en-us", "en-gb"];
    this.voice.value = wanted.find((code) => about.voices.some((own) => own.code === code)) ?? about.voices[0]?.code ?? "";
    part(this.root, ".speak").addEventListener("click", () => this.speak().then(() => this.heard.play(), () => {}));
    for (const [node, type] of [[this.text, "input"], [this.voice, "change"]])
      node.addEventListener(type, () => this.forget());
  }

  way() {
    return part(this.root, ".ways input:checked").value;
  }

  forget() {
    this.sent = this.blob = null;
    this.heard.hidden = true;
    this.say("");
  }

  choose(way) {
    super.choose(way);
    this.recorder?.stop();
  }

  show(blob) {
    if (this.heard.src.startsWith("blob:")) URL.revokeObjectURL(this.heard.src);
    this.heard.src = URL.createObjectURL(blob);
    this.heard.hidden = false;
  }

  accepted(found) {
    this.say(`${found.seconds.toFixed(1)} s of sound. ${found.notes.map(sentence).join(" ")}`, true);
    if (!this.blob) {
      this.heard.src = `/api/sounds/${found.id}`;
      this.heard.hidden = false;
    }
  }

  refused(error) {
    super.refused(error);
    this.heard.hidden = true;
  }

  speak() {
    if (!this.text.value.trim()) {
      this.complain("Write what is to be said.");
      this.text.focus();
      return Promise.reject(new Error("Write what is to be said."));
    }
    this.blob = null;
    return this.follow(send("/api/texts", { text: this.text.value, voice: this.voice.value }));
  }

  again() {
    return this.way() === "text" && !this.blob ? this.speak() : super.again();
  }

  async record() {
    this.complain("");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.complain(`The microphone cannot be used (${error.message}). Allow it in the browser, or choose a file.`);
      return;
    }
    const pieces = [], timer = part(this.root, ".timer"), began = performance.now();
    const recorder = (this.recorder = new MediaRecorder(stream));
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    const ticking = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      timer.textContent = `${seconds.toFixed(1)} of ${this.seconds} s`;
      if (seconds > this.seconds - 0.3 && recorder.state === "recording") recorder.stop();
    }, 100);
    recorder.addEventListener("stop", () => {
      clearInterval(ticking);
      for (const track of stream.getTracks()) track.stop();
      this.recorder = null;
      this.recordButton.textContent = "Record again";
      this.recordButton.classList.remove("on");
      this.take(new Blob(pieces, { type: recorder.mimeType }));
    });
    recorder.start();
    this.recordButton.textContent = "Stop";
    this.recordButton.classList.add("on");
  }
}
