"""Two phones that nobody of Ringway wrote: Debian's python3-socketio makes a video call through all states.

usage: foreign_phones.py <url> <callId>
Prints what each phone hears and is answered, one JSON array per line: [who, "heard" | "answer", event, payload].
"""

import json
import queue
import sys
import threading
import urllib.request

import socketio

url, call_id = sys.argv[1:3]
over = threading.Event()
lock = threading.Lock()


def show(*what):
    with lock:
        print(json.dumps(what), flush=True)


def token_of(user_id):
    request = urllib.request.Request(
        url + "/v1/dev/tokens",
        data=json.dumps({"userId": user_id}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["token"]


class Phone:
    def __init__(self, user_id):
        self.user_id = user_id
        self.client = socketio.Client(reconnection=False)
        self.synced = threading.Event()
        self.reactions = queue.Queue()
        threading.Thread(target=self.react, daemon=True).start()
        for event in ("call:incoming", "call:ringing", "call:answered", "call:signal", "call:media", "call:ended"):
            self.client.on(event, self.hearing(event))
        self.client.on("sync", lambda payload: self.synced.set())

    def connect(self):
        auth = {"token": token_of(self.user_id), "deviceId": self.user_id + "-python"}
        self.client.connect(url, transports=["websocket"], auth=auth)
        assert self.synced.wait(10), "no sync"

    def say(self, event, payload):
        show(self.user_id, "answer", event, self.client.call(event, payload, timeout=10))

    def hearing(self, event):
        react = getattr(self, "on_" + event.split(":")[1], None)

        def hear(payload):
            show(self.user_id, "heard", event, payload)
            if react:
                self.reactions.put((react, payload))

        return hear

    def react(self):
        # On a thread of its own, since the one that hears has to read the answers; and one after the other, as a phone's own queue would.
        while True:
            react, payload = self.reactions.get()
            react(payload)


class Callee(Phone):
    def on_incoming(self, payload):
        call_id = payload["call"]["callId"]
        self.say("call:ringing", {"callId": call_id})
        self.say("call:answer", {"callId": call_id})

    def on_signal(self, payload):
        self.say("call:signal", {"callId": payload["callId"], "signal": {"type": "answer"}})
        self.say("call:media", {"callId": payload["callId"], "audio": True, "video": False})


class Caller(Phone):
    def on_media(self, payload):
        self.say("call:end", {"callId": payload["callId"]})
        over.set()


alice, bob = Caller("alice"), Callee("bob")
bob.connect()
alice.connect()
alice.say("call:initiate", {"callId": call_id, "callee": "bob", "media": "video"})
alice.say("call:signal", {"callId": call_id, "signal": {"type": "offer"}})
finished = over.wait(15)
for phone in (alice, bob):
    phone.say("sync", {})
    phone.client.disconnect()
sys.exit(0 if finished else 1)
