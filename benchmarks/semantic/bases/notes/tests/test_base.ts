import { NoteBook } from "../book";
import { cleanTag, tally } from "../tags";
import { excerpt, headline, words } from "../text";

function check(ok: boolean, msg: string): void {
  if (!ok) throw new Error(msg);
}
const book = new NoteBook();
const first = book.create("milk", "two litres", ["shop"]);
book.create("call Ann", "about the trip", ["phone", "shop"]);
book.pin(first.id);
check(book.list({ tag: "shop" }).length === 2, "tag");
check(book.list({ word: "trip" })[0].title === "call Ann", "word");
check(headline(book.get(first.id)) === "* milk", "headline");
check(excerpt("abcdef", 4) === "abc…" && words(" a  b ") === 2, "text");
check(tally(book.list()).shop === 2 && cleanTag(" To Do ") === "to-do", "tags");
