import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { SharedState, useCollection, useConnection, useClient, useObject } from "sharedstate/react";

function Chat() {
  const client = useClient();
  const { items, state } = useCollection("/example/items/chat");
  const { pending } = useConnection();
  const [topic, setTopic] = useObject("/example/items/topics", "chat");
  const [text, setText] = useState("");
  const send = event => {
    event.preventDefault();
    client.update("/example/items/chat", { insert: [{ text }] });
    setText("");
  };
  return <>
    <h1>{topic ?? "No topic"} <button onClick={() => setTopic("Breakfast")}>Breakfast</button></h1>
    <ul>{items.map(message => <li key={message.id}>{message.text}</li>)}</ul>
    <form onSubmit={send}><input value={text} onChange={event => setText(event.target.value)} aria-label="Message" /></form>
    <p>{pending > 0 ? "Saving…" : state}</p>
  </>;
}

createRoot(document.getElementById("app")).render(
  <StrictMode><SharedState url="."><Chat /></SharedState></StrictMode>,
);
