package androidx.core.app

import android.app.Notification
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.media.AudioAttributes
import android.net.Uri

class Person private constructor() {
    class Builder {
        fun setName(name: CharSequence?) = this
        fun setImportant(important: Boolean) = this
        fun build() = Person()
    }
}

class NotificationChannelCompat private constructor(val importance: Int) {
    class Builder(id: String, private val importance: Int) {
        fun setName(name: CharSequence?) = this
        fun setSound(sound: Uri?, attributes: AudioAttributes?) = this
        fun setVibrationEnabled(enabled: Boolean) = this
        fun build() = NotificationChannelCompat(importance)
    }
}

class NotificationManagerCompat private constructor() {
    fun createNotificationChannelsCompat(channels: List<NotificationChannelCompat>) {}
    fun getNotificationChannelCompat(id: String): NotificationChannelCompat? = null
    fun areNotificationsEnabled(): Boolean = true
    fun notify(tag: String?, id: Int, notification: Notification) {
        shown["$tag $id"] = notification
    }

    fun cancel(tag: String?, id: Int) {
        shown.remove("$tag $id")
    }

    companion object {
        const val IMPORTANCE_NONE = 0
        const val IMPORTANCE_LOW = 2
        const val IMPORTANCE_DEFAULT = 3
        const val IMPORTANCE_HIGH = 4

        /** What the user sees now. */
        val shown = LinkedHashMap<String, Notification>()
        private val manager = NotificationManagerCompat()

        fun from(context: Context) = manager
    }
}

class NotificationCompat private constructor() {
    abstract class Style

    class CallStyle private constructor() : Style() {
        fun setIsVideo(video: Boolean) = this

        companion object {
            fun forIncomingCall(caller: Person, decline: PendingIntent, answer: PendingIntent) = CallStyle()
            fun forOngoingCall(caller: Person, hangUp: PendingIntent) = CallStyle()
        }
    }

    class Builder(context: Context, channel: String) {
        private val notification = Notification().apply { text = channel }

        fun setSmallIcon(icon: Int) = this
        fun setCategory(category: String?) = this
        fun setStyle(style: Style?) = this
        fun setFullScreenIntent(intent: PendingIntent?, highPriority: Boolean) = this
        fun setContentIntent(intent: PendingIntent?) = this
        fun setOngoing(ongoing: Boolean) = this
        fun setTimeoutAfter(ms: Long) = this
        fun setAutoCancel(cancel: Boolean) = this
        fun setContentTitle(title: CharSequence?) = this
        fun setContentText(text: CharSequence?) = apply { notification.text += ": $text" }
        fun build() = notification
    }

    companion object {
        const val CATEGORY_CALL = "call"
        const val CATEGORY_MISSED_CALL = "missed_call"
    }
}

object ServiceCompat {
    fun startForeground(service: Service, id: Int, notification: Notification, types: Int) {}
}
