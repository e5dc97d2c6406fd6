import { Note } from "./types";

export function headline(note: Note): string {
  return (note.pinned ? "* " : "") + note.title;
}

export function excerpt(body: string, max = 40): string {
  return body.length <= max ? body : body.slice(0, max - 1) + "…";
}

export function words(body: string): number {
  return body.split(/\s+/).filter((w) => w !== "").length;
}
