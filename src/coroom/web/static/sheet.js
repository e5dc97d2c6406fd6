// What opens over the page: a file with its authors, a held edit with its sides, help, a question before an act.

import { $, h, hue, who } from "./dom.js";

const NEAR = 3;

/** Open the sheet with a title and what is in it. */
export function open(title, ...content) {
  $("sheet-h").textContent = title;
  $("sheet-body").replaceChildren(...content);
  if (!$("sheet").open) $("sheet").showModal();
}

export function close() {
  $("sheet").close();
}

/** Ask before something that cannot be taken back. Resolves to whether it shall happen. */
export function sure(title, text, yes) {
  return new Promise((done) => {
    const choose = (answer) => () => {
      close();
      done(answer);
    };
    const go = h("button", { type: "button", class: "danger", onclick: choose(true) }, yes);
    open(title, h("p", {}, text), h("p", { class: "acts" }, go, h("button", { type: "button", onclick: choose(false) }, "Leave it")));
    $("sheet").addEventListener("close", () => done(false), { once: true });
    go.focus();
  });
}

/** Ask for a line of text before an act. Resolves to the text, or to null when it shall not happen. */
export function ask(title, text, label, yes) {
  return new Promise((done) => {
    const words = h("input", { id: "sheet-words", autocomplete: "off", maxlength: "200" });
    const go = h("button", { type: "submit", class: "danger" }, yes);
    const form = h("form", { class: "acts", onsubmit: (event) => {
      event.preventDefault();
      done(words.value.trim());
      close();
    } }, h("label", { for: "sheet-words" }, label), words, go, h("button", { type: "button", onclick: close }, "Leave it"));
    open(title, h("p", {}, text), form);
    $("sheet").addEventListener("close", () => done(null), { once: true });
    words.focus();
  });
}

/** A file, each line with its author. */
export function file(found) {
  const authors = [...new Set(found.lines.map(([author]) => author))];
  const rows = found.lines.map(([author, text], at) => {
    const first = at === 0 || found.lines[at - 1][0] !== author;
    return h("tr", {}, h("td", { class: `by ${hue(author)}` }, first ? author || "repository" : ""), h("td", { class: "no" }, String(at + 1)), h("td", { class: `code ${hue(author)}` }, text));
  });
  const claims = (found.claims ?? []).map((claim) => h("p", { class: "note" }, who(claim.holder), ` holds ${claim.resource} (${claim.mode}).`));
  open(
    found.path,
    h("p", { class: "note" }, `Version ${found.version}, last written by `, who(found.by), ". ", authors.length ? "Lines by " : "", ...authors.flatMap((name, at) => [at ? ", " : "", name ? who(name) : "the repository"])),
    ...claims,
    found.note ? h("p", {}, found.note) : h("table", { class: "text-file" }, h("tbody", {}, rows)),
  );
}

/** A held edit: what its author wrote, what both began with, what the room had accepted. */
export function held(found, drop) {
  const heads = ["mine", "base", "theirs"].map((side) => h("th", { scope: "col" }, side === "mine" ? `${found.agent} wrote (held)` : side === "base" ? "Both began with" : "The room has"));
  const rows = found.regions.flatMap((region) => (region.kind === "same" ? same(region) : [sides(region)]));
  open(
    `${found.id} · ${found.path}`,
    h("p", { class: "note" }, h("span", { class: "tag warn" }, found.state === "open" ? "held" : found.state), " ", found.reason, ". Nothing is lost: both sides are stored."),
    found.note ? h("p", {}, found.note) : h("table", { class: "three" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)),
    found.state === "open" ? h("p", { class: "acts" }, h("button", { type: "button", "data-write": true, class: "danger", onclick: drop }, "Drop the held edit")) : "",
  );
}

function same(region) {
  const lines = region.base;
  const row = (text, kind = "") => h("tr", { class: `same ${kind}` }, h("td", {}, text), h("td", {}, text), h("td", {}, text));
  if (lines.length <= 2 * NEAR + 1) return lines.map((line) => row(line));
  const between = h("tr", { class: "gap" }, h("td", { colspan: "3" }, `${lines.length - 2 * NEAR} equal lines`));
  return [...lines.slice(0, NEAR).map((line) => row(line)), between, ...lines.slice(-NEAR).map((line) => row(line))];
}

function sides(region) {
  const cell = (side, name) => h("td", { class: side !== "base" ? "changed" : "", "data-side": name }, region[side].length ? region[side].join("\n") : h("em", {}, "nothing"));
  return h("tr", { class: region.kind }, cell("mine", "held"), cell("base", "before"), cell("theirs", "room"));
}

const KEYS = [
  ["j k or ↓ ↑", "next and previous row"],
  ["Enter", "open the row's file, diff or event"],
  ["/", "say something"],
  ["m", "say something to the agent of this row"],
  ["p", "pause or resume the agent of this row"],
  ["r", "release the claim of this row"],
  ["h", "hold landings, or let them go again"],
  ["n", "go to what needs you"],
  ["t", "go to the timeline; ← → step through events, + − zoom, 0 shows all"],
  ["[ ]", "replay one event back or on; Shift: twenty"],
  ["l", "back to now"],
  ["Esc", "close, leave"],
  ["?", "this help"],
];

/** The keys. */
export function help() {
  open("Keyboard", h("dl", { class: "keys" }, KEYS.flatMap(([keys, text]) => [h("dt", {}, keys.split(" ").map((key) => (/^(or|and)$/.test(key) ? ` ${key} ` : h("kbd", {}, key)))), h("dd", {}, text)])));
}

/** The page is locked: ask for its key. */
export function locked(take) {
  const field = h("input", { type: "password", id: "key", autocomplete: "off", "aria-label": "Key" });
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); close(); take(field.value.trim()); } }, h("p", {}, "This page needs its key. Open the address that coroom up printed, or paste the key here."), h("p", { class: "acts" }, field, h("button", { type: "submit" }, "Open")));
  open("Locked", form);
  field.focus();
}
