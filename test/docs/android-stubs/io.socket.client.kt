package io.socket.client

import io.socket.emitter.Emitter
import java.net.URI
import java.util.TimerTask

fun interface Ack {
    fun call(vararg args: Any?)
}

abstract class AckWithTimeout(timeout: Long) : Ack {
    final override fun call(vararg args: Any?) {}
    fun schedule(task: TimerTask) {}
    fun cancelTimer() {}
    abstract fun onSuccess(vararg args: Any?)
    abstract fun onTimeout()
}

object IO {
    class Options {
        companion object {
            fun builder() = SocketOptionBuilder()
        }
    }

    fun socket(uri: URI, options: Options) = Socket()
}

class SocketOptionBuilder {
    fun setTransports(transports: Array<String>) = this
    fun setAuth(auth: Map<String, String>) = this
    fun build() = IO.Options()
}

class Socket : Emitter() {
    val isActive = false

    fun connected(): Boolean = false
    fun connect() = this
    fun disconnect() = this
    fun emit(event: String, args: Array<Any>, ack: Ack) = this

    companion object {
        const val EVENT_CONNECT = "connect"
        const val EVENT_CONNECT_ERROR = "connect_error"
    }
}
