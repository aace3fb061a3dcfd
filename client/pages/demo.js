import { SharedStateClient } from "./libs/sharedstate.es.js";
import { board } from "./board.js";

const client = new SharedStateClient(".");
const notes = client.collection("/demo/items/board");
notes.subscribe(({ diffs }) => board.drawNotes(diffs));
board.onChange = changes => notes.update(changes);
client.subscribe(({ state }) => board.drawState(state));

// Who is here, and where they point: gone when they go, whatever becomes of their browser.
const me = client.presence("/demo/mitems/people", board.me);
me.others.subscribe(({ diffs }) => board.drawPeople(diffs));
board.onPoint = at => me.set(at);

// The hands of all visitors, each counted once, however many wave at a time.
const waves = client.collection("/demo/items/waves");
waves.subscribe(() => board.drawWaves(waves.get("all")?.count));
board.onWave = () => waves.increment("all", "count");

// A board that was never used begins with a few notes. Their ids are fixed: two first visitors write the same.
const { ok, rev } = await client.get(notes.path);
if (ok && rev === 0) notes.insert(board.firstNotes);
