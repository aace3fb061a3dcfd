import { SharedStateClient } from "./libs/sharedstate.es.js";
import { board, me, newest } from "./board.js"; // drawing and dragging, nothing shared

const client = new SharedStateClient("."); // the server that this page came from

// Three collections. Whoever acquires one holds it, and it stays up to date.
const notes = client.acquire_collection("/demo/items/notes");
const clicks = client.acquire_collection("/demo/items/clicks");
const pointers = client.acquire_collection("/demo/mitems/pointers");

// What anybody changes is drawn here ...
notes.add_callback(diffs => diffs.forEach(({ id, new: note }) => board.drawNote(id, note)));
pointers.add_callback(diffs => diffs.forEach(({ id, new: pointer }) => board.drawPointer(id, pointer)));
clicks.add_callback(() => board.drawCount(clicks.get().reduce((sum, { n }) => sum + n, 0)));

// ... and what is changed here goes to everybody.
board.onNote = newest(notes);
board.onDelete = id => notes.update({ remove: [id] });

// Everyone counts their own clicks, so that nobody overwrites another's.
board.onClick = () => clicks.update({ insert: [{ id: me, n: (clicks.get(me)?.n ?? 0) + 1 }] });

// A pointer says when it was last seen, by the server's clock.
const point = newest(pointers);
board.onPointer = pointer => point({ ...pointer, id: me, seen: client.clock.now() });
board.onLeave = () => pointers.update({ remove: [me] });

// Who left without a word fades, and is then removed by the others.
setInterval(() => {
  const ages = pointers.get().map(({ id, seen }) => ({ id, age: client.clock.now() - seen }));
  board.fade(ages.filter(({ age }) => age > 12).map(({ id }) => id));
  const gone = ages.filter(({ age }) => age > 25).map(({ id }) => id);
  if (gone.length > 0) pointers.update({ remove: gone });
}, 1000);

const tell = () => board.drawStatus(client.state, pointers.size);
client.add_state_callback(tell);
pointers.add_callback(tell);
tell();
