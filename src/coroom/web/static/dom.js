// Elements from data. Text goes in as text nodes only, so nothing an agent writes can become markup.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Text with control, direction-turning and invisible characters made visible. */
export function clean(text) {
  return String(text ?? "").replace(HIDDEN, "\ufffd");
}

export const $ = (id) => document.getElementById(id);

/** An element with attributes, `on…` handlers and children; strings become text nodes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : clean(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : clean(child));
  }
  return element;
}

/** Make `parent` hold one element for each item, in order; what did not change is left alone and keeps its focus. */
export function fill(parent, items, keyOf, build, empty = "") {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.length || !empty ? items : [null];
  let place = parent.firstElementChild;
  for (const item of wanted) {
    const key = item === null ? "empty" : String(keyOf(item));
    const signature = item === null ? empty : JSON.stringify(item);
    let element = before.get(key);
    before.delete(key);
    if (!element || element.signature !== signature) {
      const fresh = item === null ? h(parent.tagName === "TBODY" ? "tr" : "li", { class: "empty" }, emptied(parent, empty)) : build(item);
      fresh.dataset.key = key;
      fresh.signature = signature;
      if (element) {
        if (place === element) place = fresh;
        swap(element, fresh);
      }
      element = fresh;
    }
    if (place === element) place = element.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of before.values()) {
    if (gone.contains(document.activeElement)) (gone.nextElementSibling ?? gone.previousElementSibling)?.focus?.();
    gone.remove();
  }
}

function emptied(parent, text) {
  return parent.tagName === "TBODY" ? h("td", { colspan: "5" }, text) : text;
}

function swap(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (!focused) return;
  const again = focused === old ? fresh : fresh.querySelector(`[data-act="${focused.dataset.act}"]`) ?? fresh;
  again.focus();
}

/** A span of time as people say it. */
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
}

/** The time of day. */
export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** A short hash. */
export const short = (hash) => String(hash).slice(0, 8);

const COLOURS = 10;
const order = new Map();

/** The colour class of an agent: the same as long as the page is open, neutral for room and person. */
export function hue(name) {
  if (!name || name === "host" || name === "operator") return "a-none";
  if (!order.has(name)) order.set(name, order.size % COLOURS);
  return `a-${order.get(name)}`;
}

/** An agent's name with its colour. The room calls itself host; people know it as the room. */
export function who(name) {
  return h("span", { class: `who ${hue(name)}` }, name === "host" ? "room" : name);
}
