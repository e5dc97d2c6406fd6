import { Note, Query } from "./types";

export class NoteBook {
  private notes: Note[] = [];
  private lastId = 0;

  create(title: string, body = "", tags: string[] = []): Note {
    this.lastId += 1;
    const note: Note = { id: this.lastId, title, body, tags, pinned: false, colour: "plain" };
    this.notes.push(note);
    return note;
  }

  get(id: number): Note {
    const note = this.notes.find((n) => n.id === id);
    if (!note) throw new Error(`no note ${id}`);
    return note;
  }

  edit(id: number, patch: Partial<Omit<Note, "id">>): Note {
    const note = this.get(id);
    Object.assign(note, patch);
    return note;
  }

  pin(id: number, on = true): void {
    this.edit(id, { pinned: on });
  }

  list(query: Query = {}): Note[] {
    return this.notes.filter(
      (n) =>
        (query.tag === undefined || n.tags.includes(query.tag)) &&
        (query.word === undefined || (n.title + " " + n.body).includes(query.word)),
    );
  }
}
