// What the model is: from its bundle.
const MOST_SPEAKERS = 12;

function row(tag, cells, classes = []) {
  const line = document.createElement("tr");
  cells.forEach((text, place) => {
    const cell = document.createElement(tag);
    cell.textContent = text;
    if (tag === "th") cell.scope = "col";
    if (classes[place]) cell.className = classes[place];
    line.append(cell);
  });
  return line;
}

function speakers(names) {
  if (!names.length) return "none";
  const more = names.length - MOST_SPEAKERS;
  return names.slice(0, MOST_SPEAKERS).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export function tellModel(about) {
  const { model, talkface } = about, { bundle } = model, list = document.getElementById("facts-of-model");
  const facts = [["name", model.name], ["variant", model.variant]];
  if (bundle) {
    const { data, origin } = bundle;
    facts.push(
      ["state", bundle.preview ? "a preview, not good enough to be a finished model" : "a finished model"],
      ["data", data.credit],
      ["faces and speech of", speakers(data.seen)],
      ["faces alone of", speakers(data.appearance)],
      ["tested on", speakers(data.unseen)],
      ["licence", bundle.licence],
      ["commit", origin.commit ?? "unknown"],
      ["limits", "It has learned from few people; other faces, ages, skins, beards, glasses, lights and languages may come out worse. Head and eyes keep still. Noise and music move the mouth too."],
    );
    document.getElementById("preview").hidden = !bundle.preview;
    document.getElementById("card-link").hidden = false;
    if (bundle.figures.length) tellFigures(bundle.figures);
  }
  facts.push(["talkface", talkface]);
  for (const [name, text] of facts)
    for (const [tag, content] of [["dt", name], ["dd", text]])
      list.append(Object.assign(document.createElement(tag), { textContent: content }));
  const minutes = about.limits.keep_minutes;
  document.getElementById("kept").textContent =
    `Photos, sounds and films are kept in a private folder of that machine, for ${minutes} minutes after their last use ` +
    `or until the command ends. Photos are made smaller, to ${about.limits.photo_px} pixels at most.`;
}

function tellFigures(figures) {
  const holder = document.getElementById("figures"), table = document.createElement("table");
  const number = (value) => (value === null ? "" : Number(value.toPrecision(3)).toString());
  const range = (low, high) => (low === null ? "" : `${number(low)} to ${number(high)}`);
  const heads = ["test clips", "measure", "value", "95 % interval", "single people", "another clip's sound", "still photo", "clips", "people"];
  table.append(row("th", heads));
  for (const own of figures) {
    const subset = own.subset === "seen_test" ? "known people" : "unknown people";
    const cells = [
      subset, own.header, number(own.value), range(own.low, own.high) || "not estimable", range(own.lowest, own.highest),
      number(own.other_sound), number(own.static), String(own.clips), String(own.speakers),
    ];
    table.append(row("td", cells, ["", "", "number", "", "", "number", "number", "number", "number"]));
  }
  holder.append(table);
  holder.hidden = false;
}
