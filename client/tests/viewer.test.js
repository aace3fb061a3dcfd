import assert from "node:assert/strict";
import { test } from "node:test";
import { CollectionViewer } from "../dist/sharedstate.es.js";
import { setUp, settle } from "./fakes.js";

const PATH = "/app/items/chnl";

/** As much of an element as the viewer uses. */
class FakeElement extends EventTarget {
  children = [];
  attributes = {};

  append(child) {
    child.parent = this;
    this.children.push(child);
  }

  replaceChildren(...children) {
    this.children = children;
  }

  remove() {
    this.parent.children = this.parent.children.filter(child => child !== this);
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }
}

async function viewed(t, options) {
  globalThis.document = { createElement: name => Object.assign(new FakeElement(), { name }), addEventListener() {}, removeEventListener() {} };
  t.after(() => delete globalThis.document);
  const { server, client } = setUp(t);
  server.update(PATH, { insert: [{ id: "a", data: 1 }] });
  const collection = await client.acquire_collection(PATH).ready;
  const element = new FakeElement();
  new CollectionViewer(collection, element, options);
  return { collection, element, texts: () => element.children.map(child => child.children[0].textContent) };
}

test("each item is a div.list-item with the item's id, from the start and with each change", async t => {
  const { collection, element, texts } = await viewed(t);
  const [child] = element.children;
  assert.deepEqual([child.name, child.className, child.id], ["div", "list-item", "a"]);
  await collection.update({ insert: [{ id: "a", data: 2 }, { id: "b", data: 3 }] });
  assert.equal(element.children[0], child, "a replaced item keeps its element");
  assert.deepEqual(texts(), ["a 2", "b 3"]);
  await collection.update({ remove: ["a"] });
  assert.deepEqual(texts(), ["b 3"]);
});

test("an item reads as its id, itv, and data or state, and nothing of it is taken for HTML", async t => {
  const { collection, element, texts } = await viewed(t);
  await collection.update({ reset: true, insert: [
    { id: "plain" },
    { id: "cue", itv: [0, 2.5], data: { text: "<b>" } },
    { id: "object", state: [{ id: "x" }] },
    { id: "<img src=x onerror=alert(1)>", data: "<script>" },
  ] });
  assert.deepEqual(texts(), [
    "plain",
    'cue [0,2.5] {"text":"<b>"}',
    'object [{"id":"x"}]',
    "<img src=x onerror=alert(1)> <script>",
  ]);
  assert.ok(element.children.every(child => child.children[0].innerHTML === undefined));
});

test("any id will do, also one that is no CSS selector", async t => {
  const { collection, element } = await viewed(t);
  const ids = ["1", "a b", "#.:[]", "__proto__", "ä", "\0", '"'];
  await collection.update({ reset: true, insert: ids.map(id => ({ id })) });
  assert.deepEqual(element.children.map(({ id }) => id), ids);
  await collection.update({ remove: ids });
  assert.equal(element.children.length, 0);
});

test("a toString of one's own returns HTML", async t => {
  const { element } = await viewed(t, { toString: item => `<b>${item.data}</b>` });
  assert.equal(element.children[0].children[0].innerHTML, "<b>1</b>");
});

test("the toString that every object has is not one's own", async t => {
  const { texts } = await viewed(t, { delete: false });
  assert.deepEqual(texts(), ["a 1"]);
});

test("with delete each item has a button that removes it", async t => {
  const { collection, element } = await viewed(t, { delete: true });
  const button = element.children[0].children[1];
  assert.deepEqual([button.name, button.type, button.attributes["aria-label"]], ["button", "button", "Delete a"]);
  button.dispatchEvent(new Event("click"));
  await settle();
  assert.equal(collection.has("a"), false);
});
