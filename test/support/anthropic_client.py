"""Does with Anthropic's Python client what its users do, and prints what it saw as one line of JSON.

The client finds the fleet by ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY alone.
"""

import json
import time

import anthropic

client = anthropic.Anthropic(max_retries=0)
MODEL = "claude-sonnet-5-5"


def asked(text):
    return {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}


def request(name, text="Say hello."):
    return {"custom_id": name, "params": asked(text)}


def ended(batch_id):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        batch = client.messages.batches.retrieve(batch_id)
        if batch.processing_status == "ended":
            return batch
        time.sleep(0.1)
    raise TimeoutError(batch_id)


def error_of(call):
    try:
        call()
    except anthropic.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.body["error"]["type"]]
    return None


seen = {}
message = client.messages.create(**asked("What is my name?"), system="Be brief.")
seen["message"] = [message.type, message.role, message.content[0].type, message.stop_reason]

with client.messages.stream(**asked("Say hello.")) as stream:
    text = "".join(stream.text_stream)
    final = stream.get_final_message()
seen["stream"] = [text == final.content[0].text, text != "", final.stop_reason, final.usage.output_tokens > 0]

seen["tokens"] = client.messages.count_tokens(model=MODEL, messages=asked("hello")["messages"]).input_tokens

made = [client.messages.batches.create(requests=[request("a"), request("b")]) for _ in range(3)]
batch = ended(made[0].id)
seen["counts"] = batch.request_counts.model_dump()
seen["results"] = sorted(
    [line.custom_id, line.result.type, line.result.message.content[0].type]
    for line in client.messages.batches.results(batch.id)
)
seen["listed"] = [each.id for each in client.messages.batches.list(limit=2)] == [each.id for each in reversed(made)]
seen["canceled"] = ended(client.messages.batches.cancel(made[1].id).id).id == made[1].id
seen["deleted"] = client.messages.batches.delete(batch.id).type

seen["errors"] = [
    error_of(lambda: client.messages.batches.retrieve(batch.id)),
    error_of(lambda: client.messages.batches.create(requests=[request("a b")])),
    error_of(lambda: client.messages.create(**{**asked("x"), "model": "nobody-knows"})),
    error_of(lambda: client.with_options(api_key="sesame").messages.create(**asked("x"))),
]
print(json.dumps(seen))
