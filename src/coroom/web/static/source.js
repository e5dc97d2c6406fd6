// Where the room comes from: the running host, or a copy saved in this file.

const root = document.documentElement.dataset.root ?? "";
const KEY = "coroom-key";

function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
  }
}

function headers() {
  const key = sessionStorage.getItem(KEY);
  return key ? { "X-Coroom-Operator": key } : {};
}

async function answer(response) {
  const found = await response.json().catch(() => ({ error: `The host answered ${response.status}.` }));
  if (!response.ok) throw Object.assign(new Error(found.error ?? "The host refused."), { status: response.status });
  return found;
}

/** The running host. `on` has reset, marks(list), page(page), link(word) and locked(). */
export class Live {
  constructor() {
    takeKey();
    this.saved = false;
    this.last = -1;
  }

  setKey(key) {
    sessionStorage.setItem(KEY, key);
  }

  get(path, query = {}) {
    const url = `${root}/${path}?${new URLSearchParams(query)}`;
    return fetch(url, { headers: headers(), cache: "no-store" }).then(answer);
  }

  at(seq) {
    return this.get("page.json", { at: seq });
  }

  log(after) {
    return this.get("log.json", { after });
  }

  file(path, at) {
    return this.get("file.json", at === null ? { path } : { path, at });
  }

  held(id) {
    return this.get("held.json", { id });
  }

  act(name, body) {
    const all = { ...headers(), "Content-Type": "application/json" };
    return fetch(`${root}/operator/${name}`, { method: "POST", headers: all, body: JSON.stringify(body) }).then(answer);
  }

  /** Where this page stands: a file or a held edit that its address names. */
  place() {
    const path = location.pathname.slice(root.length);
    const [, kind, name] = path.match(/^\/(files|held)\/(.+)$/) ?? [];
    return kind ? { kind, name: decodeURIComponent(name) } : null;
  }

  go(kind, name) {
    const address = kind ? `${root}/${kind}/${name.split("/").map(encodeURIComponent).join("/")}` : `${root}/`;
    if (location.pathname !== address) history.pushState(null, "", address);
  }

  async follow(on) {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
      try {
        const after = this.last < 0 ? 0 : this.last;
        const response = await fetch(`${root}/events?after=${after}`, { headers: headers(), cache: "no-store" });
        if (response.status === 401) return on.locked();
        if (!response.ok) throw new Error(String(response.status));
        on.link("live");
        pause = 250;
        await this.read(response.body.pipeThrough(new TextDecoderStream()).getReader(), on);
      } catch {
        // The host is away; it is asked again below.
      }
      on.link("lost");
      await new Promise((done) => setTimeout(done, pause));
    }
  }

  async read(reader, on) {
    let held = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (held + value).split("\n\n");
      held = parts.pop();
      for (const part of parts) this.take(part, on);
    }
  }

  take(part, on) {
    const field = (name) => part.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
    const data = JSON.parse(field("data") ?? "null");
    this.last = Number(field("id"));
    on[field("event")]?.(data);
  }
}

/** A copy in this file: the events, the room at sampled moments, and the held edits. */
export class Saved {
  constructor(data) {
    this.data = data;
    this.saved = true;
  }

  open(number) {
    const [, parts] = this.data.moments[number];
    const item = (index) => this.data.pool[index];
    return Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, Array.isArray(value) ? value.map(item) : item(value)]));
  }

  async at(seq) {
    let number = this.data.moments.findLastIndex(([at]) => at <= seq);
    return this.open(Math.max(number, 0));
  }

  async log() {
    return { marks: [] };
  }

  async held(id) {
    if (!(id in this.data.held)) throw new Error("This copy does not hold both sides of it; the room's log does.");
    return this.data.held[id];
  }

  async file() {
    throw new Error("A saved copy holds no files. They are in the repository.");
  }

  place() {
    return null;
  }

  go() {}

  async follow(on) {
    on.link("saved");
    on.marks(this.data.marks);
    on.page(this.open(this.data.moments.length - 1));
  }
}

/** The saved copy when this file is one, else the host. */
export function source() {
  const data = document.getElementById("saved");
  return data ? new Saved(JSON.parse(data.textContent)) : new Live();
}
