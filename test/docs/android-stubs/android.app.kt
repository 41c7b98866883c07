package android.app

import android.content.Context
import android.content.ContextWrapper
import android.content.Intent
import android.os.Bundle
import android.os.IBinder
import android.view.View
import android.view.Window

open class Application : ContextWrapper() {
    open fun onCreate() {}
}

open class Activity : ContextWrapper() {
    val intent = Intent()
    val window = Window()

    protected open fun onCreate(savedInstanceState: Bundle?) {}
    protected open fun onNewIntent(intent: Intent) {}
    protected open fun onDestroy() {}
    fun finish() {}
    fun runOnUiThread(action: Runnable) = action.run()
    fun setContentView(view: View) {}
    fun setShowWhenLocked(show: Boolean) {}
    fun setTurnScreenOn(on: Boolean) {}
}

abstract class Service : ContextWrapper() {
    abstract fun onBind(intent: Intent?): IBinder?
    open fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int = START_NOT_STICKY
    open fun onDestroy() {}
    fun stopSelf() {}

    companion object {
        const val START_NOT_STICKY = 2
    }
}

class Notification {
    var flags = 0
    var text = ""

    companion object {
        const val FLAG_INSISTENT = 4
    }
}

class NotificationManager {
    fun canUseFullScreenIntent(): Boolean = true
}

/** What the system would send when the notification is touched. */
class PendingIntent private constructor(val intent: Intent) {
    companion object {
        const val FLAG_UPDATE_CURRENT = 1
        const val FLAG_IMMUTABLE = 2

        fun getActivity(context: Context, requestCode: Int, intent: Intent, flags: Int) = PendingIntent(intent)
        fun getBroadcast(context: Context, requestCode: Int, intent: Intent, flags: Int) = PendingIntent(intent)
    }
}
