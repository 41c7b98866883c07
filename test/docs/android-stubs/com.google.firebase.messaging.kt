package com.google.firebase.messaging

import android.app.Service
import android.content.Intent
import com.google.android.gms.tasks.Task

class FirebaseMessaging private constructor() {
    val token = Task<String>()

    companion object {
        fun getInstance() = FirebaseMessaging()
    }
}

abstract class FirebaseMessagingService : Service() {
    final override fun onBind(intent: Intent?) = null
    open fun onNewToken(token: String) {}
    open fun onMessageReceived(message: RemoteMessage) {}
}

class RemoteMessage(val data: Map<String, String>) {
    val priority = 1
    val originalPriority = 1
}
