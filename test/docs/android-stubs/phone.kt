package com.example.calls

import android.content.ContextWrapper
import android.content.Intent
import androidx.core.app.NotificationManagerCompat
import com.google.firebase.messaging.RemoteMessage
import org.json.JSONObject

/**
 * A phone whose app is not running. Reads what happens, a line each: `push {data}` is a message of FCM, `decline {data}`
 * the button on the lock screen. Answers each with a line: the channels of the notifications that are shown then.
 */
fun main() {
    for (line in generateSequence(::readLine)) {
        val (what, json) = line.split(' ', limit = 2)
        val fields = JSONObject(json)
        val data = fields.keys().asSequence().associateWith(fields::getString)
        if (what == "push") CallMessagingService().onMessageReceived(RemoteMessage(data)) else decline(data)
        println(NotificationManagerCompat.shown.values.joinToString { it.text })
    }
}

private fun decline(data: Map<String, String>) {
    val receiver = CallActionReceiver()
    val intent = IncomingCall.from(data)!!.putInto(Intent()).setAction(CallActionReceiver.DECLINE)
    receiver.onReceive(ContextWrapper(), intent)
    receiver.goAsync().finished.await()
}
