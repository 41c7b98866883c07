package io.socket.emitter

open class Emitter {
    /** In Java its parameter is `Object...`, which a Kotlin lambda sees as an array. */
    fun interface Listener {
        fun call(args: Array<Any?>)
    }

    fun on(event: String, listener: Listener) = this
}
