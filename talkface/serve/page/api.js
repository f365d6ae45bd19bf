// Requests to the server that this page came from; there is no other.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function asked(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, { method, body, headers: { "X-Talkface": "page" }, credentials: "omit" });
  } catch {
    throw new Refused(0, "The server does not answer. Is talkface serve still running?");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, sentence(content.error ?? `The server answers ${answer.status}.`));
  return content;
}

export function sentence(text) {
  const whole = text.trim();
  return whole[0].toUpperCase() + whole.slice(1) + (/[.!?]$/.test(whole) ? "" : ".");
}

export const get = (path) => asked("GET", path);
export const remove = (path) => asked("DELETE", path);
export const send = (path, content) => asked("POST", path, JSON.stringify(content));
export const upload = (path, blob) => asked("POST", path, blob);

export function part(parent, selector) {
  const found = parent.querySelector(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

export function tell(node, text) {
  node.hidden = !text;
  node.textContent = text;
}
