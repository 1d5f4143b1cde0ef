// Publishes one event to a plane and waits for what becomes of it.
//
//     npm ci
//     NATS_URL=nats://127.0.0.1:4222 NATS_USER=faber NATS_SEED=faber.nkey node publish.mjs structured build-42
//
// `structured` is a NATS request with the whole event as JSON. `binary` is a JetStream publish with the
// attributes of the event as headers. It is the same event: published a second time, in whichever form,
// it is told to be a duplicate.

import { readFileSync } from "node:fs";
import { jetstream } from "@nats-io/jetstream";
import { connect, createInbox, headers, nkeyAuthenticator } from "@nats-io/transport-node";
import { CloudEvent, HTTP } from "cloudevents";

const WAIT_MS = 30_000;

const [form, id] = process.argv.slice(2);
const { NATS_URL, NATS_USER, NATS_SEED } = process.env;

const event = new CloudEvent({
  id,
  source: "/acme/shop",
  type: "com.example.built",
  subject: "café, 2nd build",
  time: "2026-03-01T10:00:00Z",
  data: { project: "shop", seconds: 81.5, green: true },
});

// A publisher listens below one prefix only: its own.
const inboxPrefix = `_INBOX_${NATS_USER}`;
const seed = new TextEncoder().encode(readFileSync(NATS_SEED, "utf8").trim());
const nc = await connect({ servers: NATS_URL, inboxPrefix, authenticator: nkeyAuthenticator(seed) });
const outcomes = createInbox(inboxPrefix);
const heard = nc.subscribe(outcomes, { max: 1, timeout: WAIT_MS });

// The SDK has no binding for NATS; its HTTP binding writes the same headers, but does not encode them.
const { headers: written, body } = form === "binary" ? HTTP.binary(event) : HTTP.structured(event);
const sent = headers();
for (const [name, value] of Object.entries(written)) {
  sent.set(name, name.startsWith("ce-") ? encoded(String(value)) : value);
}
sent.set("Helmstream-Reply-To", outcomes);

const subject = `in.${NATS_USER}`;
let sequence;
if (form === "binary") {
  sequence = (await jetstream(nc).publish(subject, body, { headers: sent })).seq;
} else {
  sequence = (await nc.request(subject, body, { headers: sent, timeout: 5_000 })).json().seq;
}
console.error(`stored at INBOX ${sequence}`);

for await (const told of heard) {
  console.log(told.string());
}
await nc.close();

function encoded(value) {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, encodeURIComponent);
}
