import { SharedStateClient } from "./libs/sharedstate.es.js";
import { board, me, newest } from "./board.js";

// The server that this page came from.
const client = new SharedStateClient(".");

// Who acquires a collection holds it, and it stays up to date.
const notes = client.acquire_collection("/demo/items/notes");
const clicks = client.acquire_collection("/demo/items/clicks");
const people = client.acquire_collection("/demo/mitems/pointers");

// What anybody changes is drawn here ...
notes.add_callback(diffs => board.drawNotes(diffs));
people.add_callback(diffs => board.drawPeople(diffs));
clicks.add_callback(() => board.drawClicks(clicks.get()));

// ... and what is changed here goes to everybody.
board.onNote = newest(notes);
board.onDelete = id => notes.update({ remove: [id] });

// Each counts for themselves: nobody overwrites another's.
board.onClick = () => {
  const { n } = clicks.get(me) ?? { n: 0 };
  return clicks.update({ insert: [{ id: me, n: n + 1 }] });
};

// Where each points, and when, by the server's clock.
const now = () => client.clock.now();
const say = newest(people);
board.onPoint = at => say({ ...at, id: me, seen: now() });
board.onLeave = () => people.update({ remove: [me] });

// Who left without a word is taken away by the others.
setInterval(() => {
  const gone = board.fade(people.get(), now());
  if (gone.length > 0) people.update({ remove: gone });
}, 1000);

const tell = () => board.drawState(client.state, people.size);
client.add_state_callback(tell);
people.add_callback(tell);
