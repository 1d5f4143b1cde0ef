"""Publishes one event to a plane and waits for what becomes of it.

    pip install -r requirements.txt
    NATS_URL=nats://127.0.0.1:4222 NATS_USER=faber NATS_SEED=faber.nkey python publish.py structured build-42

`structured` is a NATS request with the whole event as JSON. `binary` is a JetStream publish with the
attributes of the event as headers. It is the same event: published a second time, in whichever form,
it is told to be a duplicate.
"""

import asyncio
import json
import os
import sys
from datetime import datetime, timezone

import nats
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

WAIT_SECONDS = 30


async def main(form: str, event_id: str) -> None:
    user = os.environ["NATS_USER"]
    event = CloudEvent(
        attributes={
            "id": event_id,
            "source": "/acme/shop",
            "type": "com.example.built",
            "subject": "café, 2nd build",
            "time": datetime(2026, 3, 1, 10, tzinfo=timezone.utc),
            "datacontenttype": "application/json",
        },
        data={"project": "shop", "seconds": 81.5, "green": True},
    )

    # A publisher listens below one prefix only: its own.
    nc = await nats.connect(
        os.environ["NATS_URL"],
        nkeys_seed=os.environ["NATS_SEED"],
        inbox_prefix=f"_INBOX_{user}".encode(),
    )
    outcomes = nc.new_inbox()
    heard = await nc.subscribe(outcomes)

    # The SDK has no binding for NATS; its HTTP binding encodes headers in the same way.
    message = (to_binary if form == "binary" else to_structured)(event, JSONFormat())
    headers = {**message.headers, "Helmstream-Reply-To": outcomes}
    if form == "binary":
        stored = await nc.jetstream().publish(f"in.{user}", message.body, headers=headers)
        sequence = stored.seq
    else:
        reply = await nc.request(f"in.{user}", message.body, timeout=5, headers=headers)
        sequence = json.loads(reply.data)["seq"]
    print(f"stored at INBOX {sequence}", file=sys.stderr)

    told = await heard.next_msg(timeout=WAIT_SECONDS)
    print(told.data.decode())
    await nc.close()


asyncio.run(main(*sys.argv[1:3]))
