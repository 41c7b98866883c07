package io.socket.engineio.client.transports

object WebSocket {
    const val NAME = "websocket"
}
