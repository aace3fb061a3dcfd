import { SharedStateClient } from "./libs/sharedstate.es.js";
import { board, me } from "./board.js";

const client = new SharedStateClient(".");
const notes = client.collection("/demo/items/notes");
notes.subscribe(({ diffs }) => board.drawNotes(diffs));
board.onChange = changes => notes.update(changes);
client.subscribe(({ state }) => board.drawState(state));

// Where each visitor points, and when, by the server's clock.
const people = client.collection("/demo/mitems/pointers");
const now = () => client.clock.now();
people.subscribe(({ diffs }) => board.drawPeople(diffs));
board.onPoint = at => people.insert({ ...at, id: me, seen: now() });
board.onLeave = () => people.remove(me);

// A visitor whose browser died is removed by the others.
setInterval(() => {
  const gone = board.fade(people.items, now());
  if (gone.length > 0) people.remove(gone);
}, 1000);

// A board that was never used begins with a few notes. Their ids are fixed: two first visitors write the same.
const { ok, rev } = await client.get(notes.path);
if (ok && rev === 0) notes.insert(board.firstNotes);
