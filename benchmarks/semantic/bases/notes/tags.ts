import { Note } from "./types";

export function cleanTag(raw: string): string {
  return raw.trim().toLowerCase().replace(/\s+/g, "-");
}

export function tally(notes: Note[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const note of notes) {
    for (const tag of note.tags) {
      out[tag] = (out[tag] || 0) + 1;
    }
  }
  return out;
}
